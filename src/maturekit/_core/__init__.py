"""Plumbing without domain words: clocks, digests, names, optional packages, accepted tables, HTML."""
