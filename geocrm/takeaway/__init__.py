"""Documents to take away: one HTML file with its map inside, that opens without a network.

An engine: it is handed names, figures, shapes and words, and knows no customer, no SQL, no Flask.
"""

from geocrm.takeaway.content import Area, Bar, Heading, SheetWords, Stop, Table

# `route_sheet` and `territory_report` are imported where one is written: folium brings pandas
# along, a second of every start and 60 MB of every process that writes none.
__all__ = ["Area", "Bar", "Heading", "SheetWords", "Stop", "Table"]
