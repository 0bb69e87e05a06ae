"""One file per command of the command line: parse, call one function, print."""
