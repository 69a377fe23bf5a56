"""A script without scikit-learn."""

print("sum", sum(range(1000)))
