### What stations and front ends say alike.

station-has-ended = the station has ended
too-much-is-asked = too much is waiting already; try again
watch-only = this screen is only to be looked at
