### What stands on the screen.

active = active
all-commands = all commands
alters-absent = Days absent: { $now } instead of { $before }
alters-days = Past days that would change: { $days ->
    [one] { $days } day
   *[other] { $days } days
} of { $people ->
    [one] { $people } person
   *[other] { $people } people
}, { $from } to { $to }
alters-hours = Hours: { $now } instead of { $before }
alters-late = Late: { $now } instead of { $before }
and-more = and { $count } more
and-more-days = and { $count ->
    [one] { $count } more day
   *[other] { $count } more days
}; a day's own table has them all
arrow-just-now = { $arrow } just now
ask-agree = Is that meant?
ask-another-all-the-same = This face is already enrolled as { $name }, similarity { $similarity }. Is it another person all the same, such as a twin?
ask-another-person = Is it another person, such as a twin? y = yes, save; Esc = no, save nothing
ask-confirm = Do all pictures show { $name } ({ $code })? y = yes, save; Esc = no, save nothing
ask-consent = Has { $name } agreed that face vectors and pictures are kept? y = yes, any other key = no
ask-consent-today = Has { $name } agreed today? Press y to note it
ask-end = End the station?
ask-erase-face = { $count ->
    [one] Erase this sighting altogether? That cannot be undone. Press y to erase it
   *[other] Erase { $count } sightings altogether? That cannot be undone. Press y to erase them
}
ask-erase-person = Erases name, pictures, templates and absences of { $name }; punches stay under the code. Type the code { $code } to do it
ask-forget-adaptive = Forget the templates that the station made itself? Press y to forget them
ask-ignore = { $count ->
    [one] Ignore this sighting and erase its face? Press y to ignore it
   *[other] Ignore { $count } sightings and erase their faces? Press y to ignore them
}
ask-name = New name of { $name }
ask-pin = New PIN or badge of { $name }; leave empty to remove it
ask-pin-again = Once more
ask-remove-pin = Remove the PIN of { $name }? Press y to remove it
ask-restart = Start the station again?
ask-sign = sign this correction?
ask-was-it = Was it { $name }? y
ask-who-was-it = who was it?
ask-write-threshold = Write the proposed threshold into the configuration? Press y to write it
assign-add-punch = Add the missed punch
assign-add-sample = Add the face as a sample
assign-not-resembled = Not whom it resembles
attendance = attendance
attendance-marked = marked: { $day }
attendance-week = { $week } { $dot } { $from } to { $to }
audit = audit
calibration = calibration
camera = camera
camera-broken = broken
camera-is = camera { $state }
camera-latency = { $milliseconds } ms late
camera-lost-pictures = lost
camera-rate = { $rate } pictures/s
camera-reconnects = reconnects
camera-stuck-threads = threads stuck in the driver
camera-testing = testing the camera for ten seconds
camera-titled = camera { $dot } { $source }
cell-absent = abs
cell-absent-short = A
change-being-written = the last change is still being written; try again
chart-arrivals = arrivals today by quarter-hour
chart-by-minute = recognised and refused, by minute of the last hour
chart-frame-time = time for a frame, the last two minutes
chart-hours = everybody's hours by week
chart-no-frame = no frame was looked at yet
chart-nobody-came = nobody has come yet
chart-recognised = recognised
chart-refused = refused
chart-times = median { $median } ms, longest { $longest } ms
charts = charts
choice-in = < in >
choice-no = < no >
choice-none = < none >
choice-out = < out >
choice-yes = < yes >
come-closer = come closer
command-active = person: active or not
command-audit = audit: who did what
command-back = back; on the live screen, leave
command-back-period = a whole period back, ten steps less
command-calibration = calibration: what the threshold costs
command-camera = camera and its controls
command-consent = person: has agreed today
command-correct = attendance: correct the marked day
command-day = attendance: a day
command-default = take the default, or the proposed threshold
command-doctor = doctor: what works and what does not
command-enrol = enrol the face at the camera
command-erase = erase a person or a face
command-export = attendance: export to a file
command-find = find a person, filter a list
command-forget = person: forget what was learnt
command-ignore = review: ignore a face
command-live = live: camera, today, log
command-log = log of this run
command-month = attendance: a month
command-name = name: rename a person, say whose face it is
command-on-period = a whole period on, ten steps more
command-only = attendance: only who is in, late, absent
command-pin = person: PIN or badge
command-preview-ascii = preview: ASCII
command-preview-braille = preview: braille dots
command-preview-half-blocks = preview: half-blocks
command-preview-next = preview: the next kind
command-preview-off = preview: off
command-preview-pixels = preview: pixels
command-preview-quadrants = preview: quadrants
command-restart = start the station again, with the settings as they are
command-review = review: faces without a name
command-suspend = to the shell; fg comes back
command-today = attendance: today
command-undo = undo the last change
command-week = attendance: a week
command-why = why each face has its name
command-write-file = write the attendance that is shown into a file
command-yes = yes, in a question
connected-again = connected again
consent = consent
control-automatic = decided by the camera
correct-add = add a punch
correct-change = change { $event }
correct-disown = not this person: { $event }
correct-no-time = { $text } is no time; write it as 08:02 or 08:02:30
correct-no-typing = nothing is typed into this line: Left and Right choose, Tab goes to the next line
correct-nothing-changed = nothing is changed: time, direction and person are as before
correct-operator-empty = the operator's name is empty
correct-person-gone = this person is not enrolled any more
correct-reason-empty = the reason is empty
correct-titled = correct { $name } ({ $code })
correct-void = void { $event }
correction-saving = The correction before is still being saved.
date-and-time = { $date } { $time }
date-day-month = { $day } { $month }
date-day-month-year = { $day } { $month } { $year }
date-month-year = { $month } { $year }
date-weekday-day = { $weekday } { $day }
date-weekday-day-month = { $weekday } { $day } { $month }
date-weekday-day-month-year = { $weekday } { $day } { $month } { $year }
day = day
doctor = doctor
dropped-label = dropped
end-means = No attendance is taken until it is started again.
end-means-service = the station would stop, too; one that runs as a service can be left with q
enrol-code-belongs = { $code } belongs to { $name }
enrol-code-was-deleted = { $code } belonged to somebody who was deleted
enrol-escape = Esc calls it off, nothing is kept
enrol-face-of = face { $number } of { $count }; PgDn shows the next
enrol-looks-like = looks like { $name } ({ $code }), { $similarity }
enrol-nobody-seen = nobody can be seen well; Enter waits for a face
enrol-pictures = { $taken } of { $wanted } pictures  { $bar }
enrol-resembles = this face looks like { $name }, similarity { $similarity }
enrol-same-name = note: { $code } has the same name
enrol-saving = all pictures taken, saving them
enrol-suggested = { $code } (suggested)
enrol-the-face = the face to be enrolled
enrol-waiting-alone = waiting for somebody to come alone
enrol-without-consent = not enrolled: without consent no face is kept. Enter asks again, Esc closes the form; a PIN or badge needs no face
enrolled-label = enrolled
enrolling = enrolling { $name }
enrolling-already = Somebody is being enrolled at the moment.
enrolling-elsewhere = { $name } is enrolling somebody at the moment
erase-means = Name, pictures and templates of { $name } ({ $code }) are erased for good; the punches stay under the code.
erase-other-code = that is not the code { $code }; nothing was erased
event-added = added { $at } by { $who }: { $reason }
event-corrected = corrected { $at } by { $who }: { $reason }
event-corrected-briefly = corrected { $at } by { $who }
event-live = live { $score }
event-similarity = similarity { $similarity }
event-voided = VOIDED { $at } by { $who }: { $reason }
explain-asked-for = , { $threshold } is asked for
explain-best = best { $name } { $similarity }{ $more }
explain-cooldown = no punch for another { $seconds } s: cooldown
explain-face = face { $number }: { $name }
explain-inactive = no punch: the person is not active
explain-latest-look = latest look: { $reason }
explain-live = live { $score }{ $more }
explain-next = next { $name } { $similarity }, margin { $margin }, { $asked } is asked for
explain-no-name = no punch without a name
explain-nobody = nobody is in sight
explain-not-counted = does not count: { $reason }
explain-not-sure = not sure yet
explain-picture = picture: { $eyes } px between the eyes, sharpness { $sharpness }, light { $light }, contrast { $contrast }, turn { $turn }, tilt { $tilt }°, detector { $detector }
explain-present = present already, no further punch today
explain-punch-written = a punch is being written
explain-somebody = somebody
explain-too-few-looks = , not enough looks yet
explain-turn-awaited = , waiting for a turn to the { $side }
explain-visit-punches = a visit that has not punched yet punches now
explain-votes = votes: { $votes }; { $needed } are needed
explain-votes-for = { $votes } for { $name } ({ $share } %)
face-live = {" "}live { $score }
face-nearest = , nearest is { $name }
field-direction = Direction
field-person = Person
field-reason = Reason
field-time = Time
field-what = What
filter-hint = / types a part of a name or code
filter-label = filter
find-person-hint = a part of a name or code
goodbye = Goodbye
heading-absent-days = Abs
heading-by = By
heading-check = Look
heading-code = Code
heading-enrolled = Enrolled
heading-faces = Faces
heading-hours = Hours
heading-in = In
heading-last = Last
heading-late = Late
heading-live = Live
heading-name = Name
heading-out = Out
heading-overtime = Over
heading-resembles = Most like
heading-similarity = Sim
heading-state = State
heading-templates = Templates
heading-to-check = Look at
heading-today = Today
heading-who = Who
heading-why = Why
help = help
help-come-closer = what the face must do to be recognised
help-dropped = pictures that were not looked at; some always are
help-end = end at once
help-enter = open, change, start, read again
help-escape = back; ends an enrolment
help-first-last = first and last line; Home and End too
help-just-now = checked in or out in the last 10 seconds, and saved
help-lines = a line down, up; arrows too
help-live = how likely it is no photograph, 0 to 1
help-live-score = live 0.98
help-looking = looking: a name needs several frames that agree
help-not-here = not here today
help-pin = a PIN or badge, then Enter
help-recognised = recognised; the number is the similarity, 1 is the same picture
help-tab = next period, next pane of a small window
help-ten-lines = ten lines
help-unknown = nobody enrolled is similar enough (below { $threshold })
hint-all = all
hint-back = back
hint-back-to-form = back to the form
hint-by-ten = by ten
hint-call-off = call it off
hint-cancel = cancel
hint-change = change
hint-check-and-sign = check and sign
hint-choose = choose
hint-close = close
hint-correct = correct
hint-default = default
hint-earlier-later = earlier, later
hint-enrol = enrol
hint-erase = erase
hint-export = export
hint-find = find
hint-first-last = first, last
hint-forget-adaptive = forget adaptive
hint-go-on = go on
hint-ignore = ignore
hint-keep-filter = keep the filter
hint-name = name
hint-next-field = next field
hint-next-line = next line
hint-open = open
hint-other-face = another face
hint-period = period
hint-preview = preview
hint-read-again = read again
hint-remove = take it away
hint-run = run
hint-save = save
hint-scroll = scroll
hint-sign = sign it
hint-start = start
hint-table = table
hint-test = test
hint-undo = undo
hint-wait-face = wait for a face
hint-who = who
hint-who-was-it = who was it
hint-why = why
hint-write-threshold = write the threshold
hours-minutes = { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
} { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
hours-today = { $time } { $dot } { $hours } today
in-at = in at { $time }
in-of = { $present } of { $all } in: { $names }
in-since = in since { $time }
in-view = in view
inactive = inactive
inactive-long = inactive: kept, but not recognised
kept-for-good = This is kept in the audit trail for good.
language-name = English
last-seen = last seen
last-weeks = the last weeks
live = live
log = log
log-newer-above = log { $dot } { $count } newer above, Home shows them
log-newest-first = log { $dot } newest first
look-into-camera = Look into the camera
looks-per-second = looks { $rate }/s
month = month
month-name = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
month-short = { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
}
networks = networks
no = no
no-command = no command is called that
no-events-today = no events today
no-punches = no punches
no-shell = there is no shell to go to
nobody = nobody
nobody-came-nor-expected = nobody came, and nobody was expected
nobody-enrolled = nobody is enrolled yet
nobody-enrolled-live = Nobody is enrolled yet. Stand in front of the camera and press e.
nobody-enrolled-yet = nobody is enrolled yet; e enrols the face at the camera
nobody-has-code = nobody has the code { $code }
nobody-in = nobody is in
nobody-matches = nobody matches the filter; Esc takes it away
nobody-selected = nobody selected
nobody-shown = nobody; { $key } shows others
nobody-to-correct = Nobody is shown here whose day could be corrected. Choose other days, or Esc takes the filter away.
nobody-to-review = Nobody waits to be looked at. Faces without a name are kept for as long as [review] keep_days says.
not-connected-old = NOT CONNECTED: { $reason }; trying again. What is shown is old.
not-noted = not noted
not-now = not now
nothing-matches = nothing matches the filter; Esc takes it away
nothing-to-check = nothing to look at
nothing-to-do-it-to = There is nothing here that this could be done to.
nothing-to-undo = nothing to undo; punches are corrected in the attendance table
nothing-waits = nothing waits
nothing-yet = there is nothing yet
only-absent = only who is absent
only-in = only who is in
only-late = only who is late
only-to-check = only what to look at
out-at = out at { $time }
out-since = out since { $time }
people = people
people-filtered = people { $dot } { $shown } of { $all }
people-match = { $count ->
    [one] { $count } person matches
   *[other] { $count } people match
}
people-odds = { $title } { $dot } a false name in { $looks } looks of strangers
people-titled = people { $dot } { $count }
person-facts = { $code } { $dot } { $state } { $dot } { $templates } { $dot } enrolled { $day }
picture-unknown = picture?
pictures-label = pictures
pin-label = PIN
pin-typed = PIN { $stars }  Enter punches  Esc forgets it
pins-differ = the two are not the same; once more
plain-camera = how the camera is
plain-ends = ends the station
plain-everybody = everybody's day
plain-hello = Rollcall is running. Type help and Enter for what can be asked; digits are a PIN.
plain-in = in
plain-not-connected = not connected: { $reason }; trying again
plain-this-list = this list
plain-who-is-in = who is in
press-enter = Press Enter to go on
press-to-agree = Press y if it is; any other key changes nothing
press-to-alter = Press y to alter the past, any other key to leave it
press-to-end = Press y to end it; any other key goes on
press-to-restart = Press y to start it again; any other key goes on
press-to-sign = Press y to sign it; Esc goes back to the form
preview-none-hint = Attendance goes on. v shows the picture again.
preview-off = preview is off
punches-waiting = { $count ->
    [one] { $count } punch waits
   *[other] { $count } punches wait
}
quit = quit
range-to = { $from } to { $to }
reading-records = reading the records
remark-absent = absent
remark-early = early
remark-late = late
remark-over = over
restart-means = Settings that are not in use yet are used then. It takes a few seconds; punches that were shown are kept.
review = review
review-face-not-kept = this face is not kept
review-titled = without a name { $dot } { $count }
setting-empty = (empty)
setting-overridden = { $variable } overrides it
setting-unreadable = unreadable
settings = settings
several-match = several people match; type more, or the code
sign-add = add a punch: { $event }
sign-direction = new direction: { $direction }
sign-person = new person: { $person }
sign-time = new time: { $time }
signed-by = Signed by
starting = starting
state-absent = absent
state-expected = expected
state-free = free
state-hours-today = { $state }, { $hours } today
state-in = in
state-label = state
state-out = out
state-overdue = overdue
status-camera = { $mark } cam { $state }
status-cannot-read = CANNOT READ
status-cannot-write = CANNOT WRITE
status-clock = { $time } clock?
status-dropped = { $count } dropped
status-fps = { $rate } fps
status-frame-time = { $milliseconds } ms/frame
stopped = Rollcall is stopped and takes no attendance; fg goes on.
team-label = team
template-count = { $count ->
    [one] { $count } template
   *[other] { $count } templates
}
templates-label = templates
today = today
today-titled = today { $dot } { $present } of { $all } in
turn-head = { $name }: turn your head to the { $side }
type-part = type a part of a name or code
unknown = unknown
verdict-undecided = undecided
waiting-for-picture = waiting for the first picture
week = week
weekday-short = { $weekday ->
    [1] Mon
    [2] Tue
    [3] Wed
    [4] Thu
    [5] Fri
    [6] Sat
   *[7] Sun
}
welcome = Welcome
window-too-small = This window is { $width }x{ $height }; the dashboard needs { $least_width }x{ $least_height }. Attendance goes on.
worked-from-to = { $from } to { $to }, { $hours }
yes = yes
yes-key = y
