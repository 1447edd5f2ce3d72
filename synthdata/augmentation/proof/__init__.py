"""Proof: does augmentation improve an estimator? Cross-validation, baselines, simultaneous intervals, a page."""
