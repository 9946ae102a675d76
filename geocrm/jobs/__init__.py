"""Work that goes on after the request has been answered: imports, solvers, loads.

A job is a row in `job_runs` (what the person sees) and an entry in the queue (what a worker picks
up), written in the transaction that causes it. Handlers work in batches, each its own unit of work,
and keep their cursor in the same transaction as the rows, so that killing one loses and repeats
nothing.
"""

from geocrm.jobs.models import JobRun as JobRun
from geocrm.jobs.work import Cancelled as Cancelled
from geocrm.jobs.work import Handler as Handler
from geocrm.jobs.work import Later as Later
from geocrm.jobs.work import Paused as Paused
from geocrm.jobs.work import Superseded as Superseded
from geocrm.jobs.work import Work as Work
