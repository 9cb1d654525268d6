"""Training: the only room that knows scikit-learn's estimators."""
