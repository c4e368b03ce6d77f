"""The sample companies and users on our side; the simulators hold the same ones on theirs."""

from __future__ import annotations

from collections.abc import Mapping

from busbar.domain.customers import CUSTOMER_NUMBERS, Address, Company, Role, User
from busbar.domain.record import Record
from busbar.ports.store import Bind, Save, Store
from infra.local.people import PEOPLE
from infra.simulators.sample import COMPANIES, DRIVERS, ELBE, HEIDE, NORDWIND, SampleCompany


def company_id(company: SampleCompany) -> str:
    """Our id of a sample company: its reference in the outside systems without `BBCU`."""
    return company.reference.removeprefix("BBCU")


def load(store: Store) -> None:
    """Create companies and users, bound to their ids in the systems, where they are missing.

    Heide Mobil stays unbound in be.ENERGISED: its cards wait, with a named reason. What is there
    already (`KEEP=1`) is left as it is, with all that was changed or bound meanwhile.
    """
    for company in COMPANIES:
        ids = {
            "salesforce": company.account_id,
            "energised": company.energised_id,
            CUSTOMER_NUMBERS: company.customer_number,
        }
        _create(store, _company(company), ids)
    for user in users():
        _create(store, user, {"energised": user.energised_uuid})


def _create(store: Store, record: Record, ids: Mapping[str, str | None]) -> None:
    """`ids`: system -> the record's id there, empty where it has none."""
    if store.get(type(record), record.id) is None:
        bound = [Bind(record.schema_name, record.id, name, at) for name, at in ids.items() if at]
        store.commit(Save(record), *bound)


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
