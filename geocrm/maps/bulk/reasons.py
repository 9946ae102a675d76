"""Why an account was left alone: codes as they are kept, sentences as they are read."""

from typing import Final

REASONS: Final[dict[str, str]] = {
    "gone": "It is not there any more, or not yours to see",
    "not_yours_to_give": "Only its owner, or who they report to, may hand it over",
    "too_many_tags": "It would have more than 50 tags",
    "changed_since": "Somebody changed it since",
    "id_in_use": "Another customer has its customer ID now",
    "there_again": "There is a customer with its number again",
    "no_consent": "It gave no consent for this channel",
    "no_address": "There is no address to reach it by this channel",
    "not_of_rep": "It is not a customer of this person",
    "no_point": "It has no trustworthy place on the map",
    "no_time": "No day had time left for it",
}
