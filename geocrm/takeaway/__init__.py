"""Documents to take away: one HTML file with its map inside, that opens without a network.

An engine: it is handed names, figures, shapes and words, and knows no customer, no SQL, no Flask.
"""

from geocrm.takeaway.content import Area, Bar, Heading, Stop, Table
from geocrm.takeaway.route_sheet import SheetWords, route_sheet
from geocrm.takeaway.territory_report import territory_report

__all__ = [
    "Area",
    "Bar",
    "Heading",
    "SheetWords",
    "Stop",
    "Table",
    "route_sheet",
    "territory_report",
]
