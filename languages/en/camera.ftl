### What cameras do and what to do about it.

camera-absent = absent
camera-built-in = the built-in picture { $name } does not decode: { $reason }
camera-busy = busy
camera-delivers = { $camera } delivers pictures.
camera-delivers-size = { $camera } delivers { $width }x{ $height } pictures.
camera-driver = { $camera }: { $doing } failed: { $reason }
camera-elsewhere = elsewhere
camera-ended = ended
camera-failed = failed
camera-file-failed = cannot { $doing } { $path }: { $reason }
camera-forbidden = forbidden
camera-in-network = the camera at { $address } { $trouble }
camera-in-use = { $camera } is in use by another program: end it (`fuser -v /dev/video*` names it) and Rollcall takes over
camera-invalid-source = `{ $text }` is not a source: { $reason }. Write usb, usb:0, usb:NAME, usb:bus=SOCKET, usb:serial=NUMBER, http://HOST/PATH, demo, demo:SEED, or the path of a picture, a folder or a video
camera-live = live
camera-lost = lost
camera-no-format = { $camera } offers no picture format that is read (tried: { $tried }): use another camera or other settings
camera-no-picture = no usable picture arrives
camera-no-pictures = { $path } holds no picture that can be decoded ({ $damaged } damaged)
camera-no-thread = cannot start a thread for the camera: { $reason }
camera-not-found = no camera matches `{ $camera }`: check the cable; `rollcall camera list` shows what is connected
camera-not-replayed = { $path } cannot be replayed: { $what }
camera-opening = The camera is being opened.
camera-panicked = reading the camera failed in an unforeseen way; the log has the details
camera-permission = permission denied on { $camera }: add this user to the group video with `sudo usermod -aG video $USER` and log in again
camera-pictures-from-elsewhere = Pictures come from cameras elsewhere.
camera-sentence = { SENTENCE($what) }.
camera-silent = silent
camera-silent-advice = The camera is open but sends no usable picture; it is opened again and again. If this lasts, unplug it and plug it in again, and check cable and power supply.
camera-source-ended = The source has ended.
camera-starting = starting
camera-stuck = { $count ->
    [one] an attempt to use the camera hangs in its driver
   *[other] { $count } attempts to use the camera hang in its driver
}: unplug it, and restart Rollcall if that does not help
camera-trouble = trouble
camera-trying-again = { SENTENCE($what) }; trying again.
camera-unplugged = { $camera } was unplugged or has reset itself: check the cable and the power supply
camera-unreadable = unreadable
camera-unreadable-pictures = pictures arrive, but none can be read: { $reason }
camera-unsupported = unsupported
control-refused = { $camera } does not set { $name } to { $value }: { $reason }
control-unknown = { $camera } has no control `{ $name }`; `rollcall camera controls` lists those it has
control-value = { $name } = { $value }: { $expected }
network-broken = is connected no longer ({ $reason }): check its power and the network
network-forbidden = forbids it (403): check the user's rights in its settings
network-hung-up = has ended the stream: check its power and the network
network-name-refused = does not take this name and password: check camera.source
network-name-wanted = asks for a name and a password: write http://NAME:PASSWORD@HOST/PATH as camera.source
network-no-picture = sends no picture; its answer begins with { $answer }: give the address of its stream or its snapshot
network-nonsense = answers in a way that makes no sense: { $reason }
network-not-found = has nothing at this path (404): check the address
network-other-authentication = wants another authentication than Basic: allow Basic in its settings
network-other-coding = sends pictures compressed as { $coding }, which is not read: turn that off in its settings
network-other-kind = sends { $kind }, which is no Motion JPEG, JPEG or PNG: give the address of its stream or its snapshot
network-redirected-too-often = redirects too often: check the address
network-redirected-wrongly = redirects to an address that cannot be used: { $reason }
network-refused = refuses the connection: check the port, and that its server runs
network-slow = does not answer in time: check its power and the network
network-status = answers { $code } { $reason }
network-unknown-host = is not known by that name: check the address and the network
network-unreachable = cannot be reached ({ $reason }): check its power and the network
