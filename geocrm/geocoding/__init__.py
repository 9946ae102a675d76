"""Geocoding: from an address as people write it to a point, a grade and an honest error radius."""

from geocrm.geocoding.address import AddressQuery as AddressQuery
from geocrm.geocoding.address import Alternative as Alternative
from geocrm.geocoding.address import Answer as Answer
from geocrm.geocoding.address import Chances as Chances
from geocrm.geocoding.address import Grade as Grade
from geocrm.geocoding.address import Note as Note
