"""Units of one's own making: ground cut into hexagons, or into cells of so many customers.

Ground is polygons in degrees that tile; what comes out tiles the same ground. Lines are drawn on a
plane that keeps areas, and cut where they cross the outlines of the ground, all in one go: so two
cells meet on one line, and nothing overlaps or is lost.
"""

from geocrm.spatial.unit_making.clusters import Clustering as Clustering
from geocrm.spatial.unit_making.clusters import cluster as cluster
from geocrm.spatial.unit_making.cutting import Cells as Cells
from geocrm.spatial.unit_making.cutting import Part as Part
from geocrm.spatial.unit_making.cutting import cut as cut
from geocrm.spatial.unit_making.hexagons import Hexagons as Hexagons
from geocrm.spatial.unit_making.hexagons import hexagon_area_km2 as hexagon_area_km2
from geocrm.spatial.unit_making.nearest import Nearest as Nearest
from geocrm.spatial.unit_making.plane import Plane as Plane
