"""be.ENERGISED: the charging cards themselves. See README.md for what is documented of it."""
