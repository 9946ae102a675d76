"""What a column of an account file can mean, in English and Indonesian."""

import re
from typing import Final

from geocrm.customers.imports.fields import Field, names
from geocrm.customers.models import Channel

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"(?:\+|00)?\(?\d[\d\s().-]{7,18}")
_LAT = re.compile(r"-?\d{1,2}[.,]\d{3,}")
_PAIR = re.compile(r"-?\d{1,3}\.\d{2,}\s*[,;]\s*-?\d{1,3}\.\d{2,}")


def _is_phone(value: str) -> bool:
    digits = sum(character.isdigit() for character in value)
    return bool(_PHONE.fullmatch(value)) and 9 <= digits <= 15


ACCOUNT_FIELDS: Final = (
    Field(
        "external_id",
        "Customer ID",
        names(
            "external id", "id", "customer id", "account id", "customer no", "customer number",
            "customer code", "account number", "account code", "account no", "kode",
            "kode pelanggan",
            "kode customer", "kode toko", "kode outlet", "id pelanggan", "id customer", "id toko",
            "no pelanggan", "nomor pelanggan", "outlet id", "outlet code", "store id", "store code",
            "code", "ref", "reference", "business id", "license number", "registration number",
            "nib", "location id", "record id", "kode outlet",
        ),
        "identity",
    ),
    Field(
        "name",
        "Name",
        names(
            "name", "nama", "customer", "customer name", "account", "account name", "company",
            "company name", "business name", "dba name", "dba", "trade name", "store name",
            "outlet",
            "outlet name", "shop name", "nama pelanggan", "nama customer", "nama toko",
            "nama outlet",
            "nama perusahaan", "nama usaha", "pelanggan", "toko", "perusahaan", "organisation",
            "organization", "establishment name", "legal name", "title", "nama badan usaha",
        ),
        "identity",
        required=True,
        words=names("name", "nama"),
    ),
    Field(
        "address",
        "Address",
        names(
            "address", "full address", "alamat", "alamat lengkap", "alamat toko", "alamat usaha",
            "alamat pelanggan", "address line", "address 1", "address1", "address line 1",
            "address 2",
            "address2", "address line 2", "location", "lokasi", "mailing address",
            "business address",
        ),
        "address",
        many=True,
        words=names("address", "alamat"),
    ),
    Field(
        "street",
        "Street",
        names("street", "street name", "jalan", "nama jalan", "street address", "road", "jl"),
        "address",
    ),
    Field(
        "house_number",
        "House number",
        names("house number", "house no", "nomor rumah", "no rumah", "street number",
        "building no"),
        "address",
    ),
    Field(
        "village",
        "Village",
        names("village", "kelurahan", "desa", "kelurahan desa", "desa kelurahan", "kel", "suburb",
              "kel desa", "nama kelurahan", "nama desa"),
        "address",
        words=names("kelurahan", "desa"),
    ),
    Field(
        "district",
        "District",
        names("district", "kecamatan", "kec", "subdistrict", "sub district", "nama kecamatan"),
        "address",
        words=names("kecamatan"),
    ),
    Field(
        "city",
        "City or regency",
        names(
            "city", "town", "kota", "kabupaten", "kab", "kota kabupaten", "kabupaten kota",
            "kab kota",
            "regency", "municipality", "locality", "nama kota", "nama kabupaten", "city name",
        ),
        "address",
        words=names("kota", "kabupaten", "city"),
    ),
    Field(
        "region",
        "Province or state",
        names("region", "province", "state", "provinsi", "propinsi", "prov", "state province",
              "nama provinsi", "state code", "wilayah"),
        "address",
        words=names("provinsi", "province", "state"),
    ),
    Field(
        "postcode",
        "Postcode",
        names("postcode", "postal code", "post code", "zip", "zip code", "zipcode", "kode pos",
              "kodepos", "plz"),
        "address",
        words=names("zip", "postal", "kodepos"),
    ),
    Field(
        "country",
        "Country",
        names("country", "negara", "country code", "country name", "kode negara"),
        "address",
    ),
    Field(
        "lat",
        "Latitude",
        names("lat", "latitude", "lintang", "garis lintang", "y", "lat dd", "gps lat",
        "gps latitude",
              "latitude geometry", "koordinat y", "koordinat lintang", "y coordinate"),
        "place",
        looks=lambda value: bool(_LAT.fullmatch(value)),
        words=names("latitude", "lintang"),
    ),
    Field(
        "lon",
        "Longitude",
        names("lon", "lng", "long", "longitude", "bujur", "garis bujur", "x", "gps lon", "gps lng",
              "gps longitude", "longitude geometry", "koordinat x", "koordinat bujur",
              "x coordinate"),
        "place",
        words=names("longitude", "bujur"),
    ),
    Field(
        "position",
        "Latitude, longitude in one column",
        names("koordinat", "coordinates", "coordinate", "position", "lat lon", "lat long", "latlng",
              "lat lng", "titik koordinat", "gps", "geolocation", "titik", "latitude longitude"),
        "place",
        looks=lambda value: bool(_PAIR.fullmatch(value)),
    ),
    Field(
        "phone",
        "Phone",
        names(
            "phone", "phone number", "telephone", "tel", "telp", "telepon", "no telepon", "no telp",
            "nomor telepon", "hp", "no hp", "nomor hp", "handphone", "no handphone", "mobile",
            "mobile phone", "cell", "cell phone", "wa", "no wa", "nomor wa", "whatsapp",
            "whatsapp number", "no whatsapp", "phone 1", "phone 2", "telepon 1", "telepon 2",
            "hp 1",
            "hp 2", "business phone", "telp hp", "hp wa", "kontak hp",
        ),
        "reach",
        many=True,
        looks=_is_phone,
        words=names("phone", "telepon", "telp", "hp", "handphone"),
    ),
    Field(
        "email",
        "E-mail",
        names("email", "e mail", "email address", "e mail address", "mail", "alamat email", "surel",
              "email 1", "email 2"),
        "reach",
        many=True,
        looks=lambda value: bool(_EMAIL.fullmatch(value)),
    ),
    Field(
        "contact_name",
        "Contact person",
        names("contact", "contact name", "contact person", "pic", "nama pic", "kontak",
        "nama kontak",
              "pemilik", "nama pemilik", "penanggung jawab", "owner name", "attention"),
        "reach",
    ),
    Field(
        "contact_title",
        "Contact's title",
        names("contact title", "job title", "jabatan", "position title", "jabatan kontak"),
        "reach",
    ),
    Field(
        "segment",
        "Segment",
        names("segment", "segmen", "class", "kelas", "klasifikasi", "category", "kategori", "tier",
              "customer class", "grade", "channel", "kanal", "tipe outlet", "customer segment"),
        "facts",
    ),
    Field(
        "annual_revenue",
        "Annual revenue",
        names("annual revenue", "revenue", "omzet", "omset", "omzet tahunan", "sales", "turnover",
              "penjualan", "pendapatan", "yearly revenue", "annual sales", "nilai penjualan",
              "omzet setahun"),
        "facts",
        words=names("omzet", "omset", "revenue", "turnover"),
    ),
    Field(
        "currency",
        "Currency",
        names("currency", "mata uang", "currency code"),
        "facts",
    ),
    Field(
        "website",
        "Website",
        names("website", "web", "url", "situs", "situs web", "homepage"),
        "facts",
    ),
    Field(
        "tags",
        "Tags",
        names("tags", "tag", "label", "labels", "penanda"),
        "facts",
        many=True,
    ),
    Field(
        "visits_per_year",
        "Visits a year",
        names("visits per year", "visits a year", "kunjungan per tahun", "visit frequency",
              "frekuensi kunjungan"),
        "facts",
    ),
    Field(
        "owner",
        "Owner (e-mail of a user)",
        names("owner", "owner email", "sales rep", "salesman", "sales email", "rep", "rep email",
              "email sales", "account owner", "account manager", "salesperson"),
        "facts",
    ),
    # Only a column of exactly this name is taken for consent: it is never guessed.
    *(
        Field(f"consent_{channel}", f"Consent: {channel}", frozenset(), "consent")
        for channel in Channel
    ),
)  # fmt: skip
