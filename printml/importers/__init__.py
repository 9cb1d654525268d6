"""Fitted scikit-learn estimators as printml models."""
