"""The workspace's store, entities, the custody ledger, the temporal graph and its kernels."""

from regift.graph.jit import choose_cache

choose_cache()
