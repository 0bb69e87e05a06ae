"""The workspace's store, entities, the custody ledger, the temporal graph and its kernels."""
