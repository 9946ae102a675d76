"""A batch of demo customers as rows of the tables they are written to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from geocrm.customers.models import Channel
from geocrm.demo.areas import Staff
from geocrm.demo.sample import Sample
from geocrm.demo.villages import Villages

Row = tuple[Any, ...]
_ZONE = ZoneInfo("Asia/Jakarta")
_EXACT_RADIUS_M = 25.0
_BY_MOBILE = Channel.SMS.bit | Channel.WHATSAPP.bit | Channel.PHONE.bit


@dataclass(frozen=True, slots=True)
class Batch:
    """A sample with the ids its accounts and contacts get and who works where."""

    villages: Villages
    sample: Sample
    first_number: int  # of the account within the whole demo
    first_account: int
    first_contact: int
    staff: Staff
    now: datetime

    def tables(self) -> Mapping[str, Iterable[Row]]:
        """Rows of each table, parents first."""
        writers: dict[str, Callable[[], Iterator[Row]]] = {
            "accounts": self._accounts,
            "account_scope": self._scopes,
            "addresses": self._addresses,
            "contacts": self._contacts,
            "phones": self._phones,
            "emails": self._emails,
            "consents": self._consents,
            "activities": self._activities,
        }
        return {table: writer() for table, writer in writers.items()}

    def orders(self) -> Iterator[Row]:
        """Rows of (account, external id, day, amount, currency)."""
        sample = self.sample
        for number, (customer, day, amount) in enumerate(
            zip(sample.order_of, sample.order_day, sample.order_amount, strict=True)
        ):
            key = f"DEMO-{self.first_number + customer}-{number}"
            yield self.first_account + customer, key, day, amount, "IDR"

    def _ids(self) -> range:
        return range(self.first_account, self.first_account + len(self.sample.name))

    def _accounts(self) -> Iterator[Row]:
        for number, (account, name, segment, revenue) in enumerate(
            zip(
                self._ids(), self.sample.name, self.sample.segment, self.sample.revenue, strict=True
            )
        ):
            key = f"DEMO-{self.first_number + number}"
            # Changed at different moments, so that "newest first" has an order.
            changed = self.now - timedelta(minutes=int(self.first_number + number) % 525_600)
            yield account, key, name, segment, revenue, "IDR", "{}", True, changed, changed

    def _scopes(self) -> Iterator[Row]:
        sample, villages = self.sample, self.villages
        regency = villages.regency[sample.village]
        for number, account in enumerate(self._ids()):
            here = regency[number]
            placed = sample.grade[number] != "none"
            point = f"SRID=4326;POINT({sample.lon[number]} {sample.lat[number]})"
            yield (
                account,
                int(self.staff.rep_of_regency[here]),
                self.staff.territory_of_regency[here] if placed else None,
                villages.codes[here] if placed else None,
                point if placed else None,
                sample.grade[number],
                self._radius(number),
                sample.segment[number],
                sample.revenue[number],
                sample.last_order[number],
                sample.last_visit[number],
                sample.consent[number],
                self._reach(number),
            )

    def _addresses(self) -> Iterator[Row]:
        sample, villages = self.sample, self.villages
        for number, account in enumerate(self._ids()):
            at = sample.village[number]
            placed = sample.grade[number] != "none"
            street, house = sample.street[number], str(sample.house_number[number])
            village, district, city = villages.name[at], villages.district[at], villages.city[at]
            region, postcode = villages.region[at], villages.postcode[at]
            typed = f"{street} No. {house}, {village}, {district}, {city}, {region} {postcode}"
            yield (
                account, typed, street, house, postcode or None, village, district, city, region,
                "ID",
                sample.lon[number] if placed else None,
                sample.lat[number] if placed else None,
                sample.grade[number],
                self._radius(number),
                "demo" if placed else None,
                typed if placed else None,
            )  # fmt: skip

    def _contacts(self) -> Iterator[Row]:
        for number, account in enumerate(self._ids()):
            if self.sample.contact[number] is not None:
                yield self.first_contact + number, account, self.sample.contact[number], None

    def _phones(self) -> Iterator[Row]:
        for number, account in enumerate(self._ids()):
            mobile = self.sample.mobile[number]
            if mobile is not None:
                yield account, self._contact(number), mobile, mobile

    def _emails(self) -> Iterator[Row]:
        for number, account in enumerate(self._ids()):
            if self.sample.email[number] is not None:
                yield account, self._contact(number), self.sample.email[number]

    def _consents(self) -> Iterator[Row]:
        at = self.now - timedelta(days=400)
        for number, account in enumerate(self._ids()):
            for channel in Channel:
                if self.sample.consent[number] & channel.bit:
                    yield account, channel.value, True, "demo", at

    def _activities(self) -> Iterator[Row]:
        regency = self.villages.regency[self.sample.village]
        for number, account in enumerate(self._ids()):
            day = self.sample.last_visit[number]
            if day is not None:
                at = datetime.combine(day, time(9 + number % 8), _ZONE)
                yield account, "visit", "done", "", at, self.staff.rep_of_regency[regency[number]]

    def _contact(self, number: int) -> int | None:
        return None if self.sample.contact[number] is None else self.first_contact + number

    def _radius(self, number: int) -> float | None:
        grade = self.sample.grade[number]
        if grade == "none":
            return None
        if grade == "rooftop":
            return _EXACT_RADIUS_M
        return float(self.villages.radius_m[self.sample.village[number]])

    def _reach(self, number: int) -> int:
        reach = Channel.POST.bit
        if self.sample.email[number] is not None:
            reach |= Channel.EMAIL.bit
        if self.sample.mobile[number] is not None:
            reach |= _BY_MOBILE
        return reach
