"""`API_BUSINESS_PARTNER` as data: names, lengths and who writes what, from its public `$metadata`.

Of its 52 entity sets there are those that a private customer needs; of their properties, those
that a person or a company in one country may have.
"""

from __future__ import annotations

from dataclasses import replace

from infra.simulators.sap.edm import (
    EntitySet,
    Navigation,
    Property,
    Service,
    codes,
    number,
    of_kind,
    read_only,
    texts,
)

PARTNERS = "A_BusinessPartner"
ADDRESSES = "A_BusinessPartnerAddress"
ROLES = "A_BusinessPartnerRole"
BANKS = "A_BusinessPartnerBank"
EMAILS = "A_AddressEmailAddress"
PHONES = "A_AddressPhoneNumber"
MOBILE = "3"
LANDLINE = "1"

_PARTNER = (
    number("BusinessPartner", 10),
    *read_only(*codes(Customer=10, Supplier=10)),
    *read_only(*texts(BusinessPartnerFullName=81, BusinessPartnerName=81)),
    *read_only(*of_kind("Guid", "BusinessPartnerUUID")),
    replace(codes(BusinessPartnerCategory=1)[0], updatable=False),
    replace(codes(BusinessPartnerGrouping=4)[0], updatable=False),
    *codes(
        AcademicTitle=4,
        AuthorizationGroup=4,
        FormOfAddress=4,
        Industry=10,
        LegalForm=2,
        SearchTerm1=20,
        SearchTerm2=20,
        GenderCodeName=1,
        IsNaturalPerson=1,
        BusinessPartnerType=4,
        BusPartNationality=3,
        BusPartMaritalStatus=1,
    ),
    *texts(
        CorrespondenceLanguage=2,
        Language=2,
        FirstName=40,
        MiddleName=40,
        LastName=40,
        AdditionalLastName=40,
        BusinessPartnerBirthName=40,
        BusinessPartnerBirthplaceName=40,
        OrganizationBPName1=40,
        OrganizationBPName2=40,
        OrganizationBPName3=40,
        OrganizationBPName4=40,
        GroupBusinessPartnerName1=40,
        GroupBusinessPartnerName2=40,
    ),
    *of_kind("DateTime", "BirthDate", "BusinessPartnerDeathDate", "OrganizationFoundationDate"),
    *of_kind("Boolean", "IsFemale", "IsMale", "IsSexUnknown"),
    *of_kind("Boolean", "BusinessPartnerIsBlocked", "IsMarkedForArchiving"),
    *read_only(*codes(CreatedByUser=12, LastChangedByUser=12)),
    *read_only(*of_kind("DateTime", "CreationDate", "LastChangeDate")),
    *read_only(*of_kind("Time", "CreationTime", "LastChangeTime")),
    *read_only(*texts(ETag=26)),
)
_OF_PARTNER = number("BusinessPartner", 10, indexed=True)
_OF_ADDRESS = number("AddressID", 10, indexed=True)
_ADDRESS = (
    _OF_PARTNER,
    _OF_ADDRESS,
    *of_kind("DateTimeOffset", "ValidityStartDate", "ValidityEndDate"),
    *read_only(*of_kind("Guid", "AddressUUID"), *texts(FullName=80)),
    *texts(
        StreetName=60,
        HouseNumber=10,
        HouseNumberSupplementText=10,
        StreetPrefixName=40,
        StreetSuffixName=40,
        CareOfName=40,
        CityName=40,
        District=40,
        Language=2,
    ),
    *codes(PostalCode=10, Country=3, Region=3, POBox=10, AddressIDByExternalSystem=20),
)
_ROLE = (
    _OF_PARTNER,
    Property("BusinessPartnerRole", length=6, upper=True, updatable=False),
    *of_kind("DateTimeOffset", "ValidFrom", "ValidTo"),
    *codes(AuthorizationGroup=4),
)
_BANK = (
    _OF_PARTNER,
    Property("BankIdentification", length=4, upper=True, updatable=False),
    *codes(BankCountryKey=3, BankNumber=15, BankControlKey=2, IBAN=34, BankAccount=18),
    *texts(BankAccountHolderName=60, BankAccountName=40),
    *read_only(*codes(SWIFTCode=11), *texts(BankName=60, CityName=35)),
    *of_kind("DateTimeOffset", "ValidityStartDate", "ValidityEndDate"),
    *of_kind("DateTime", "IBANValidityStartDate"),
    *of_kind("Boolean", "CollectionAuthInd"),
)
_CONTACT_KEYS = ("AddressID", "Person", "OrdinalNumber")
_CONTACT = (
    _OF_ADDRESS,
    Property("Person", length=10, upper=True, updatable=False),
    Property("OrdinalNumber", length=3, updatable=False),
)
_EMAIL = (
    *_CONTACT,
    *of_kind("Boolean", "IsDefaultEmailAddress"),
    *texts(EmailAddress=241, AddressCommunicationRemarkText=50),
    *read_only(*codes(SearchEmailAddress=20)),
)
_PHONE = (
    *_CONTACT,
    *of_kind("Boolean", "IsDefaultPhoneNumber"),
    *codes(DestinationLocationCountry=3, PhoneNumber=30, PhoneNumberExtension=10),
    *codes(InternationalPhoneNumber=30, PhoneNumberType=1),
    *texts(AddressCommunicationRemarkText=50),
)


def _to(name: str, target: str, only: tuple[str, tuple[str, ...]] | None = None) -> Navigation:
    key = "AddressID" if target in {EMAILS, PHONES} else "BusinessPartner"
    return Navigation(name, target, key, only=only)


_TO_PHONES = (
    _to("to_PhoneNumber", PHONES, ("PhoneNumberType", (LANDLINE, ""))),
    _to("to_MobilePhoneNumber", PHONES, ("PhoneNumberType", (MOBILE,))),
)


def partner_service(name: str, reference: str) -> Service:
    """The service, with the property `reference` that carries the numbers of other systems.

    A property of another name than the standard one is an extension field of the tenant.
    """
    external = Property(reference, length=20, upper=True, indexed=True)
    partner = EntitySet(
        PARTNERS,
        ("BusinessPartner",),
        (*_PARTNER, external, *_standard_reference(reference)),
        (
            _to("to_BusinessPartnerAddress", ADDRESSES),
            _to("to_BusinessPartnerRole", ROLES),
            _to("to_BusinessPartnerBank", BANKS),
        ),
    )
    address = EntitySet(
        ADDRESSES,
        ("BusinessPartner", "AddressID"),
        _ADDRESS,
        (_to("to_EmailAddress", EMAILS), *_TO_PHONES),
        deletable=True,
    )
    others = (
        EntitySet(ROLES, ("BusinessPartner", "BusinessPartnerRole"), _ROLE),
        EntitySet(BANKS, ("BusinessPartner", "BankIdentification"), _BANK, deletable=True),
        EntitySet(EMAILS, _CONTACT_KEYS, _EMAIL, deletable=True),
        EntitySet(PHONES, _CONTACT_KEYS, _PHONE, deletable=True),
    )
    return Service(name, "partner", "partners", "documented", (partner, address, *others))


def _standard_reference(reference: str) -> tuple[Property, ...]:
    standard = Property("BusinessPartnerIDByExtSystem", length=20, upper=True, indexed=True)
    return () if reference == standard.name else (standard,)
