"""SAP: business partners and contracts by OData V2. See README.md for what is documented of it."""
