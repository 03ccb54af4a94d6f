### Doctor, calibration and the headings of workbooks.

agrees-first = { $name } has to agree before a face is kept: `rollcall people consent { $code }`
backup-newest = the newest in { $folder } is { $hours } h old
batch-events = batch { $batch }: { $events }
calibration-changed = the calibration has changed since it was shown; check it and write it again
calibration-head = { $people ->
    [one] { $people } person
   *[other] { $people } people
}, { $templates ->
    [one] { $templates } template
   *[other] { $templates } templates
}; similarity asked for: { $similarity }
calibration-look-alike = Look alike: { $one } and { $other }, { $similarity }. They need twice the margin.
calibration-refused = Of looks at people who are enrolled about { $share } % are refused; the next look may do.
cannot-ask = cannot ask about { $path }: { $reason }
chart-legend = two people ({ $pairs ->
    [one] { $pairs } pair
   *[other] { $pairs } pairs
}), one person ({ $pictures ->
    [one] { $pictures } picture
   *[other] { $pictures } pictures
})
checked-backup = backup
checked-camera = camera
checked-clock = clock
checked-database = database
checked-disk = disk
checked-encryption = encryption
checked-model = model
checked-models = models
checked-people = people
checked-picture = picture
checked-pin = pin
checked-privacy = privacy
checked-settings = settings
checked-template = template
checked-terminal = terminal
checked-times = times
checked-trail = trail
choices-are = { $reason }; the choices are { $choices }
clock-before-punch = { $time } is before the latest punch that the station saw, at { $latest }; set the clock
clock-cannot-be = { $time } cannot be; set the clock
clock-doubtful = { $time }; no time server keeps it, so punches are marked as doubtful
clock-synchronised = { $time }, synchronised
column-break = Break
column-check-out-missing = Check-out missing
column-check-outs-missing = Check-outs missing
column-clock = Clock
column-clock-batch = Clock batch
column-clock-doubtful = Clock doubtful
column-code = Code
column-corrected = Corrected
column-corrected-at = Corrected at
column-corrected-by = Corrected by
column-date = Date
column-day = Day
column-days = Days
column-days-absent = Days absent
column-days-corrected = Days corrected
column-days-doubtful-clock = Days with a doubtful clock
column-days-early = Days early
column-days-late = Days late
column-days-to-check = Days to check
column-direction = Direction
column-event = Event
column-events = Events
column-first-in = First in
column-from = From
column-hours = Hours
column-last-out = Last out
column-liveness = Liveness
column-minutes-early = Minutes early
column-minutes-late = Minutes late
column-name = Name
column-operator = Operator
column-overtime = Overtime
column-people = People
column-punches = Punches
column-reason = Reason
column-reason-for-voiding = Reason for voiding
column-recorded-at = Recorded at
column-replaces = Replaces
column-shift = Shift
column-similarity = Similarity
column-source = Source
column-state = State
column-station = Station
column-team = Team
column-time = Time
column-to = To
column-to-check = To check
column-total = Total
column-utc-offset = UTC offset
column-voided = Voided
column-voided-at = Voided at
column-voided-by = Voided by
database-sound = { $path } is sound; { $active ->
    [one] { $active } active person
   *[other] { $active } active people
} of { $count }
deleted-person = a deleted person
demo-hint = demonstration: two of the six people are strangers; press e to enrol one
demo-moved = what the demonstration wrote was moved to { $path }
demo-own-folder = the demonstration has a folder of its own: end the station and start it again
demo-refused = { $path } belongs to a real station; the demonstration writes to { $folder }
disk-free = { $megabytes } MB free at { $path }
doubtful-events = events made with a doubtful clock ({ $batches }); see `attendance repair-clock`
embedder-missing = the configured embedder is not there
encrypted-with = templates and pictures are encrypted with the key in { $path }
event-cannot-be = event { $number } of { $code } ({ $source }) is at { $time }, which cannot be; take it back with `attendance void { $number }`
expected-false-names = Expected false names: one per { $period } with your { $people ->
    [one] { $people } person
   *[other] { $people } people
}, if all of { $looks } looks a day (counted on { $days ->
    [one] { $days } day
   *[other] { $days } days
}) were strangers'.
expected-false-names-uncounted = Expected false names: one in { $looks } looks of strangers with your { $people ->
    [one] { $people } person
   *[other] { $people } people
}; no looks were counted yet.
face-taken-for = this face is already enrolled as { $name }, similarity { $similarity }
face-not-kept = the face of sighting { $number } is not kept any more
file-readable-by-others = { $path } has the mode { $mode }: others than its owner can read it
from-own-people = That is from how alike your own people are, and never better than strangers' pictures in general; it is for a single look, and a name needs several that agree.
from-strangers = That is from strangers' pictures in general; ten people are needed to tell how alike yours are; it is for a single look, and a name needs several that agree.
known-to-another-embedder = known to another embedder only, run `rollcall people re-embed`: { $codes }
name-a-sighting = name at least one sighting
networks-not-found = the networks were not found in { $folders }; say where they are with --models-dir
no-backup-in = none in { $folder }
no-camera-found = no camera was found; plug one in, or try --demo
no-database-yet = none yet; { $path } is made at the first start
no-file-of-passphrase = there is no file { $path }; name one whose first line is the passphrase, or leave it empty
no-sighting = there is no sighting { $number }
no-source = there is no camera, file or folder "{ $source }"; the choices are { $choices }
no-such-setting = no such setting
no-terminal = standard output is not a terminal; the dashboard needs one, run --headless does not
no-threshold-high-enough = no threshold is high enough for that rate; nothing was written
none-similar-enough = No similarity is high enough for the wished rate.
other-embedder = sighting { $number } was made with another embedder than the one in use
path-missing = { $path } is not there
people-without-template = without a template that can be used, enrol them again: { $codes }
period-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
period-years = { $count ->
    [one] { $count } year
   *[other] { $count } years
}
pictures-come-from = pictures come from { $source }
pins-tried = { $count ->
    [one] one wrong PIN was tried
   *[other] { $count } wrong PINs were tried
}, the last at { $time }; the audit trail has all of them
proposed = For one false name in { $looks } looks of strangers: similarity { $similarity } (recognition.threshold = { $setting }).
proposed-with-refusals = For one false name in { $looks } looks of strangers: similarity { $similarity } (recognition.threshold = { $setting }), at which { $refused } % of looks would be refused.
refusals-not-known = How many looks at enrolled people are refused is not known: nobody has two samples.
restore-leftover = { $path } holds what an interrupted restore has unpacked; the next start removes it
rows-written = { $count ->
    [one] { $count } row
   *[other] { $count } rows
} written to { $path }
seen-not-recognised = was seen and not recognised, sighting { $number }
sighting-assigned-before = sighting { $number } was assigned before; a punch that is still missing is added by hand
sighting-unlike = sighting { $number }: this face is unlike all samples of { $name }, similarity { $similarity }; a punch can still be added by hand
similarity-label = similarity
strangers-none-reach = Of { $count } faces without a name that are kept none reaches it, which by itself only says: at most { $share } %.
strangers-reach = { $count } of { $all } faces without a name that are kept reach it now: see `rollcall review list`.
template-unusable = template { $number } cannot be used: { $reason }
threshold-written = recognition.threshold = { $setting } is in { $path }
trail-goes-on = it goes on from the end that { $count ->
    [one] one backup has noted
   *[other] { $count } backups have noted
}
trail-whole = { $count ->
    [one] one record of the audit trail fits
   *[other] { $count } records of the audit trail fit together
}; the last is { $head }
