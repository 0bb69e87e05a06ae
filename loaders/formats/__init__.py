"""Column maps of public data sets, by the name that `load --format` takes."""
