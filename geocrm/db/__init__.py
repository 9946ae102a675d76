"""The one declarative base, the one place that opens sessions, and who may see a row."""

from geocrm.db.raw import copy_rows as copy_rows
from geocrm.db.raw import driver_connection as driver_connection
from geocrm.db.raw import scoped_sql as scoped_sql
from geocrm.db.raw import unscoped_sql as unscoped_sql
from geocrm.db.retry import persistently as persistently
from geocrm.db.scope import RowCriterion as RowCriterion
from geocrm.db.scope import Scope as Scope
from geocrm.db.scope import elevated as elevated
from geocrm.db.scope import scoped as scoped
from geocrm.db.session import Base as Base
from geocrm.db.session import make_engine as make_engine
from geocrm.db.session import make_sessions as make_sessions
from geocrm.db.session import unit_of_work as unit_of_work
