"""Statements about an approximate circuit that hold: intervals, proofs and counts."""
