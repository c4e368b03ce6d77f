"""Settings: the environment, read once (`busbar.settings.reading`) into frozen, typed values.

A function gets up to eight variables, written by `infra/` from the stage and the catalogue:

    BUSBAR_STAGE    local | dev | test | prod
    BUSBAR_TABLE    name of the table
    BUSBAR_QUEUES   JSON: queue name -> URL, only those that the function may send to
    BUSBAR_ORGS     JSON: org -> {"audiences": […], "salesforce": {…}, "energised": {…},
                    "sap": {…}, "webhook": {…}}, only the systems that the function talks to, only
                    what differs from the defaults below
    BUSBAR_PARKED   URL of the dead-letter queue of the worker's own queue (workers only)
    BUSBAR_MACHINE  ARN of the use case's state machine (only where it has one)
    BUSBAR_FILES    name of the bucket of users' files (only where it handles them)
    BUSBAR_TUNING   JSON: what differs from the defaults of `Tuning`
"""
