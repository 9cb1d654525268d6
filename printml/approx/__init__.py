"""Approximations of integer models that suit hardwired logic."""
