"""Findings -> cases with stable ids -> scores -> order and reasons."""
