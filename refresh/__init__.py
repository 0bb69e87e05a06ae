"""The run: staged loads -> records -> ledger -> findings -> cases, then one atomic switch."""
