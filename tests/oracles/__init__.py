"""The definitions once more, as slowly and plainly as they read, to compare the engines with.

Every oracle takes the rows of a world (table name -> stored columns), its judgements and Settings.
"""
