### What the records say.

already-voided = attendance event { $number } was voided before by { $who }: { $reason }
code-retired = the code { $code } belonged to a person who was deleted and still names their attendance: choose another
code-taken = the code { $code } belongs to { $holder }
database-corrupt = the database { $path } is damaged ({ $detail }): nothing was changed; restore a backup with `rollcall restore`
database-gone = { $path } was deleted or moved away; nothing is written until it is put back. To go on with another one, end the station and start it again
database-locked = the database { $path } is locked by another program while { $doing }: close it or try again
database-not-writable = the database cannot be written at the moment
database-read-only = { $path } cannot be written while { $doing }: check its permissions, and that its disk is not mounted read-only
database-replaced = { $path } was replaced by another file; nothing is written until it is put back. To go on with another one, end the station and start it again
day-to-come = { $day } is still to come; do it on that day
deactivated-face = this face is already enrolled as { $name } ({ $code }), who is deactivated, similarity { $similarity }: activate that person again
disk-full = the disk is full while { $doing } in { $path }: make room
held-not-saved = { $trouble }. What it held could not be saved: { $reason }
held-saved-as = { $trouble }. What it held was saved as { $path }
no-such-code = nobody has the code { $code }
no-such-event = there is no attendance event { $number }
no-such-person = person { $number } is not in the database or was deleted
no-such-sighting = there is no sighting { $number }; `rollcall review list` shows them
nothing-changes = attendance event { $number } is like that already; nothing was changed
pin-closed = too many wrong ones; wait { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}
pin-taken = somebody else has this PIN or badge: take another
same-event = attendance event { $number } says the same already; nothing was added
sql-failed = { $doing } in { $path } failed: { $reason }
