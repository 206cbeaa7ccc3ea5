"""Arrow arrays and NumPy arrays, each from the other, without pandas."""
