"""The core entities of an energy supplier, after the toolkit's published schemas.

What those lack and what events of ERP systems bring all the same stands here too: `identity_id` and
the bank accounts' mandates of a billing account (`payment` items may carry `_tags` DEBIT or CREDIT
and `mandate_id`, `mandate_date`), `is_invoice` and `size_bytes` of a file, `source` of a portal
user, and a billing event's own relation to its billing account (published as `contract`).
"""

from __future__ import annotations

from functools import cache

from busbar.domain.schemas import Catalogue, Schema, schema

_COMMON = (
    "external_id! _title _tags:tags _purpose:tags _files:relation>file _owners:json _acl:json"
    " workflows:json last_sync_at:datetime"
)
_LINE_ITEMS = "line_items:json total_details:json currency"


def _money(*names: str) -> str:
    """Cents, the same as a decimal text, and the currency."""
    return " ".join(f"{n}:currency {n}_decimal {n}_currency" for n in names)


def _core(name: str, filters: str, *attributes: str) -> Schema:
    return schema(name, filters, " ".join((_COMMON, *attributes)))


def _people() -> list[Schema]:
    return [
        _core(
            "contact",
            "customer_number last_name communication_preference",
            "salutation title first_name last_name customer_number! birthdate:date",
            "email:email! phone:phone! communication_preference address:address payment:payment",
            "marketing_permission:json account:relation>account contracts:relation>contract",
            "orders:relation>order opportunities:relation portal_users:relation>portal_user",
            "consents:json",
        ),
        _core(
            "account",
            "customer_number name",
            "name customer_number! registry_court registry_number tax_id tax_exemption:boolean",
            _money("annual_revenue"),
            "industry:tags company_size website address:address payment:payment",
            "email:email! phone:phone! contacts:relation>contact",
        ),
        _core(
            "billing_account",
            "billing_account_number identity_id",
            "billing_account_number! identity_id!",
            _money("balance"),
            "billing_address:address payment_method:payment",
            "billing_contact:relation>contact,account contracts:relation>contract",
            "customer:relation>contact,account",
        ),
        _core(
            "portal_user",
            "registration_status mapping_status origin",
            "email:email! secondary_identifier! origin source access_status",
            "expires_at:datetime mapping_status registration_status portal_id",
            "first_login:datetime last_login:datetime",
            "mapped_contact:relation>contact represents:relation>contact,account",
        ),
    ]


def _contracts() -> list[Schema]:
    return [
        _core(
            "contract",
            "contract_number status branch",
            "contract_name contract_number! account_number! status branch type billing_period",
            "start_date:date end_date:date move_in_date:date move_out_date:date",
            "termination_date:date termination_reason",
            *(
                f"{n}_amount:number {n}_unit"
                for n in (
                    "notice_time",
                    "termination_time",
                    "renewal_duration",
                    "billing_duration",
                )
            ),
            "billing_due_day:number",
            _money("installment_amount", "balance"),
            _LINE_ITEMS,
            "delivery_address:address billing_address:json payment:json",
            "customer:relation>contact,account billing_account:relation>billing_account",
            "order:relation>order meters:relation>meter assets:relation",
        ),
        _core(
            "order",
            "order_number status",
            "order_number! status source_id source_type",
            "billing_first_name billing_last_name billing_company_name billing_email billing_phone",
            "billing_address:address delivery_address:address payment_method:payment",
            _money("amount_total", "amount_subtotal", "amount_tax"),
            _LINE_ITEMS,
            "consents:json customer:relation>contact,account contracts:relation>contract",
            "products:relation>product prices:relation>price",
        ),
        _core(
            "billing_event",
            "type direction booking_date",
            "type direction",
            _money("billing_amount"),
            "booking_date:date due_date:date paid_date:date invoice_number! external_link",
            "note internal_note contract:relation>contract,billing_account",
            "billing_account:relation>billing_account related_event:relation>billing_event",
        ),
        _core(
            "ticket",
            "ticket_number status",
            "ticket_title ticket_number! status description payment:payment",
            "customer:relation>contact,account contract:relation>contract",
        ),
    ]


def _things() -> list[Schema]:
    return [
        _core(
            "meter",
            "meter_number ma_lo_id sector status",
            "ma_lo_id! me_lo_id! meter_number! meter_type tariff_type sector used_for manufacturer",
            "calibration_date:date location status address:address",
            "contract:relation>contract customer:relation>contact,account",
            "counters:relation>meter_counter",
        ),
        _core(
            "meter_counter",
            "obis_number direction tariff_type",
            "obis_number! direction tariff_type transformer_ratio:number unit",
            "conversion_factor:number digits:number decimals:number meter:relation>meter",
            "forecast_reading_value:number current_consumption:number",
        ),
        _core(
            "file",
            "filename type is_invoice",
            "filename language mime_type type readable_size size_bytes:number alt_text",
            "access_control shared_with_end_customer:boolean category file_date:date",
            "is_invoice:boolean document_id! custom_download_url custom_download_url_auth:json",
        ),
        _core(
            "product",
            "code type active",
            "name internal_name type code! active:boolean description price_options:relation>price",
        ),
        _core(
            "price",
            "code pricing_model active",
            "description code! pricing_model active:boolean type billing_period unit",
            _money("unit_amount"),
            "tax:json tiers:json is_tax_inclusive:boolean",
        ),
    ]


@cache
def core_catalogue() -> Catalogue:
    """The core schemas, without any org's own."""
    return Catalogue([*_people(), *_contracts(), *_things()])
