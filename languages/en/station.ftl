### What a running station says.

another-camera-test = another test of the camera has begun
backup-made = backup made: { $path }
because = { $what }: { $reason }
camera-gave = the camera gave { $rate } pictures/s; { $broken } broken, { $lost } lost, { $reconnects } reconnects
check-out-closed = check-out forgotten, closed at the end of the shift: { $codes }
check-outs-not-closed = forgotten check-outs could not be closed: { $reason }
complaint-repeated = { $complaint } (and { $count ->
    [one] { $count } time
   *[other] { $count } times
} since it was last said)
configuration-not-in-use = the changed configuration is not in use: { $reason }
control-range = { $least } to { $most }
control-stays = { $control } is { $value } and stays so.
driver-hangs = The camera's driver does not answer.
erased-by-age = erased because of age: { $sightings ->
    [one] { $sightings } sighting
   *[other] { $sightings } sightings
}, { $faces ->
    [one] { $faces } unknown face
   *[other] { $faces } unknown faces
}, { $pictures ->
    [one] { $pictures } picture
   *[other] { $pictures } pictures
}, { $events ->
    [one] { $events } event
   *[other] { $events } events
}
erased-person = erased of { $code }: name, { $templates ->
    [one] { $templates } template
   *[other] { $templates } templates
}, { $pictures ->
    [one] { $pictures } picture
   *[other] { $pictures } pictures
}; { $punches ->
    [one] { $punches } punch stays
   *[other] { $punches } punches stay
}
face-is-sample = the face of sighting { $number } is a sample of { $name } now
faces-erased = { $count ->
    [one] { $count } sighting erased
   *[other] { $count } sightings erased
}
faces-ignored = { $count ->
    [one] one sighting ignored; its face is erased
   *[other] { $count } sightings ignored; their faces are erased
}
more-said = { $first }; { $more }
no-backup = no backup was made: { $reason }
no-controls = This camera has no controls.
not-erased = what is too old could not be erased: { $reason }
only-usb-controls = Only a USB camera has controls.
person-agreed-on = { $code } agreed on { $day }
person-expected-from = { $code } is expected from { $day } on
person-has-agreed = { $code } has agreed today
person-has-no-pin = { $code } has no PIN any more
person-has-pin = { $code } has a PIN now
person-in-no-team = { $code } is in no team
person-in-team = { $code } is in the team { $team }
person-recognised-again = { $code } is recognised again: { $name }
person-recognised-no-more = { $code } is recognised no more: { $name }
person-renamed = { $code } is now called { $name }
punch-was-added = { $name } { $direction } at { $time } was added
records-busy = the records are still being read; try again
restarts-already = the station is being started again already
setting-at-next-start = { $section }.{ $key } = { $value }; it takes effect at the next start
setting-in-use = { $section }.{ $key } = { $value }; it is in use now
settings-of-before = the station goes on with the settings of before: { $reason }
sightings-were = { $count ->
    [one] one sighting was
   *[other] { $count } sightings were
} { $name } ({ $code })
somebody-enrols = { $name } is enrolling somebody at the moment
station-panicked = the station's thread has panicked; see the log
station-restarted = the station has started again
station-restarts = the station is started again, with the settings as they are now
station-starting = the station is starting
still-writing = something is still being written; the station was not started again
store-too-busy = too much is waiting for a database that cannot be written
templates-forgotten = { $count ->
    [one] one template that the station had made itself is gone
   *[other] { $count } templates that the station had made itself are gone
}
time-does-not-occur = { $time } does not occur: the clocks were set forward over it
time-occurs-twice = { $time } occurs twice, because the clocks were set back; correct it at the command line
too-many-cameras = { $most } cameras elsewhere are sending already
