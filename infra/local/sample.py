"""The sample companies and users on our side; the simulators hold the same ones on theirs."""

from __future__ import annotations

from busbar.domain.customers import Address, Company, Role, User
from busbar.ports import Bind, Put, Store
from infra.local.people import PEOPLE
from infra.simulators.sample import COMPANIES, DRIVERS, ELBE, HEIDE, NORDWIND, SampleCompany


def company_id(company: SampleCompany) -> str:
    """Our id of a sample company: its reference in the outside systems without `BBCU`."""
    return company.reference.removeprefix("BBCU")


def load(store: Store) -> None:
    """Put companies and users in, and bind the companies to their ids in the systems.

    Heide Mobil stays unbound in be.ENERGISED: its cards wait, with a named reason. A table that has
    them already (`KEEP=1`) is left as it is.
    """
    if store.get(User, users()[-1].id):
        return
    for company in COMPANIES:
        ours = company_id(company)
        bindings = [Bind("company", ours, "salesforce", company.account_id)]
        if company.energised_id:
            bindings.append(Bind("company", ours, "energised", company.energised_id))
        store.commit(Put(_company(company)), *bindings)
    for user in users():
        uuid = user.energised_uuid
        bound = (Bind("user", user.id, "energised", uuid),) if uuid else ()
        store.commit(Put(user), *bound)


def users() -> list[User]:
    """Everybody for whom the local issuer mints tokens."""
    nordwind, elbe, heide = map(company_id, (NORDWIND, ELBE, HEIDE))
    fleet, staff = Role.FLEET_MANAGER, None
    return [
        _user("fleet-manager", fleet, "Frauke Lübben", nordwind),
        _user("other-fleet-manager", fleet, "Enno Claasen", elbe),
        _user("unbound-fleet-manager", fleet, "Heike Wolters", heide),
        _driver("driver", 0),
        _driver("second-driver", 1),
        _user("service-agent", Role.SERVICE_AGENT, "Sven Agena", staff),
        _user("operator", Role.OPERATOR, "Olga Peters", staff),
        _user("machine", Role.MACHINE, "Nightly jobs", staff),
    ]


def _user(name: str, role: Role, called: str, company: str | None) -> User:
    email = f"{name}@example.test" if role is not Role.MACHINE else ""
    return User(id=PEOPLE[name], role=role, name=called, email=email, company_id=company)


def _driver(name: str, number: int) -> User:
    driver = DRIVERS[number]
    return User(
        id=PEOPLE[name],
        role=Role.DRIVER,
        name=driver.name,
        email=driver.email,
        company_id=company_id(driver.company),
        energised_uuid=driver.energised_id,
    )


def _company(company: SampleCompany) -> Company:
    street, _, number = company.street.rpartition(" ")
    return Company(
        id=company_id(company),
        name=company.name,
        customer_number=company.customer_number,
        email=company.email,
        address=Address(
            name=company.name,
            street=street,
            house_number=number,
            postal_code=company.postal_code,
            city=company.city,
            country="DE",
        ),
    )
