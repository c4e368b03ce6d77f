"""Salesforce: orders of charging cards and the Assets that stand for the cards. See README.md."""
