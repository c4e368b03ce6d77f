"""All tests; a package, as one of the libraries installs another `tests`."""
