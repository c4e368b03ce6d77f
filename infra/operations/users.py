"""/v1/users: list, invite, import, show, change, remove."""

from __future__ import annotations

from datetime import datetime

from busbar.domain.customers import Role
from busbar.usecases.user_invitation import UserInput
from busbar.usecases.users import UserChange
from infra.operations import COMPANY, PAGE, Json, Operation, Says, View
from infra.operations.parts import AT, COMPANY_ID, ETAG, MADE, imported


class UserView(View):
    """A user; `waiting_for` says what he lacks, or what is still to be taken from him."""

    id: str
    role: Role
    name: str
    email: str
    company_id: str | None
    suspended: bool
    energised_contact_id: str | None
    waiting_for: str | None
    etag: str
    changed_at: datetime


class UserPage(View):
    """Users, newest change first; `next_cursor` is null on the last page."""

    users: list[UserView]
    next_cursor: str | None


SUB = "4f1d2c9e-7a60-4c8e-9d55-2b1f6c3a7777"
USER: Json = {
    "id": SUB,
    "role": "driver",
    "name": "Fenja Petersen",
    "email": "fenja.petersen@nordwind.example",
    "company_id": COMPANY_ID,
    "suspended": False,
    "energised_contact_id": None,
    "waiting_for": "contact_in_energised",
    "etag": '"1"',
    "changed_at": AT,
}
CONTACT = "6f0d1d4c-6a55-4d0a-8a53-3f1c0a5e7777"
NEW = {
    "sub": SUB,
    "role": "driver",
    "name": "Fenja Petersen",
    "email": USER["email"],
    "company_id": COMPANY_ID,
}
KNOWN = {
    **NEW,
    "sub": "4f1d2c9e-7a60-4c8e-9d55-2b1f6c3a7778",
    "energised_contact_id": CONTACT,
}
FILE = """sub,role,name,email
4f1d2c9e-7a60-4c8e-9d55-2b1f6c3a7001,driver,Eike Harms,eike.harms@nordwind.example
4f1d2c9e-7a60-4c8e-9d55-2b1f6c3a7002,driver,Imke Onken,imke.onken@nordwind.example
"""
NOT_THERE = {404: ("user-not-found",)}
BOUND = ("bound-elsewhere", "bound-already")
OPERATIONS = {
    "users_list": Operation(
        "A company's users, newest change first; for staff without a company: who has none",
        {200: Says("A page of users", UserPage, {"users": [USER], "next_cursor": None})},
        query={"company_id": COMPANY, **PAGE},
        problems={403: ("no-company",), 404: ("company-not-found",)},
    ),
    "users_create": Operation(
        "Invite a user; a driver's contact in be.ENERGISED follows by itself",
        {201: Says("The user", UserView, USER, MADE)},
        body=UserInput,
        bodies={"a driver": NEW, "known in be.ENERGISED": KNOWN},
        key=True,
        problems={
            403: ("role-not-yours",),
            409: ("user-exists", "user-still-leaving", *BOUND),
            422: ("company-unknown", "company-unfit"),
        },
    ),
    "users_import": imported("users", FILE),
    "users_show": Operation(
        "One user", {200: Says("The user", UserView, USER, ETAG)}, problems=NOT_THERE
    ),
    "users_change": Operation(
        "Change a user, or suspend him; a field that is not sent stays",
        {200: Says("The user", UserView, USER, ETAG)},
        body=UserChange,
        bodies={
            "renamed": {"name": "Fenja Petersen", "email": USER["email"]},
            "suspended": {"suspended": True},
            "back": {"suspended": False},
        },
        if_match="must",
        problems={
            **NOT_THERE,
            403: ("role-not-yours",),
            409: BOUND,
            412: ("user-changed",),
            422: ("company-unfit",),
        },
    ),
    "users_remove": Operation(
        "Remove a user: no access, no name, no cards",
        {204: Says("He is removed", None)},
        if_match="may",
        problems={**NOT_THERE, 403: ("role-not-yours",), 412: ("user-changed",)},
    ),
}
