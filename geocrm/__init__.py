"""GeoCRM: customer relationships whose home is the map."""

__version__ = "0.1.0"
