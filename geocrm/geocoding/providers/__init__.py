"""The geocoding services of others, asked through geopy in the order an administrator set.

`kinds` says what services there are and what their terms ask, `readers` what their answers mean,
`grading` how much of an answer is believed, `pace` when a request may be sent, `transport` how it
travels, and `service` puts these together.
"""
