### About the way to a station.

answer-too-large = the answer cannot be sent ({ $reason }); ask for less
connection-broke = the connection to the station broke before the answer came: it may be done or not
link-asking = the station is being asked
link-cannot-say = this cannot be said to a station: { $reason }
link-gone = the station is gone
link-gone-because = the station is gone: { $reason }
link-not-reached = the station cannot be reached at the moment; nothing was done
link-not-understood = the station has answered something that this program does not understand; update it
link-program-error = the connection ended by an error of this program; start it again
link-silent = the station has said nothing for { $seconds } s
link-too-much = the station says more than can be kept
link-unreadable = the station said something that cannot be read
no-thread-left = the station's machine has no thread left: { $reason }
not-understood = this station ({ $station }) does not understand that: { $reason }
other-protocol = the station ({ $station }) speaks protocol { $ours } and this program ({ $program }) protocol { $theirs }: { $update }
too-many-attached = { $count ->
    [one] One dashboard is attached to this station already; end it first
   *[other] { $count } are attached to this station already; end one first
}
update-program = update this program
update-station = update the station
