"""A ranked list against a known truth: measures, intervals, baselines, and what is missed."""
