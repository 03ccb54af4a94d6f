### Qué hacen las cámaras y qué hacer.

camera-absent = ausente
camera-built-in = la imagen incluida { $name } no se decodifica: { $reason }
camera-busy = ocupada
camera-delivers = { $camera } da imágenes.
camera-delivers-size = { $camera } da imágenes de { $width }x{ $height }.
camera-driver = { $camera }: { $doing } falló: { $reason }
camera-elsewhere = remotas
camera-ended = terminada
camera-failed = fallida
camera-file-failed = no se puede { $doing } { $path }: { $reason }
camera-forbidden = prohibida
camera-in-network = la cámara de { $address } { $trouble }
camera-in-use = { $camera } la usa otro programa: termínelo (`fuser -v /dev/video*` lo nombra) y Rollcall la tomará
camera-invalid-source = `{ $text }` no es una fuente: { $reason }. Escriba usb, usb:0, usb:NOMBRE, usb:bus=PUERTO, usb:serial=NÚMERO, http://EQUIPO/RUTA, demo, demo:SEMILLA, o la ruta de una imagen, una carpeta o un vídeo
camera-live = en vivo
camera-lost = perdida
camera-no-format = { $camera } no ofrece ningún formato que se lea (se probó: { $tried }): use otra cámara u otros ajustes
camera-no-picture = no llega ninguna imagen útil
camera-no-pictures = { $path } no tiene ninguna imagen legible ({ $damaged } dañadas)
camera-no-thread = no se puede iniciar un hilo para la cámara: { $reason }
camera-not-found = ninguna cámara coincide con `{ $camera }`: revise el cable; `rollcall camera list` muestra lo conectado
camera-not-replayed = { $path } no se puede reproducir: { $what }
camera-opening = La cámara se está abriendo.
camera-panicked = leer la cámara falló de forma imprevista; el registro tiene los detalles
camera-permission = sin permiso para { $camera }: añada este usuario al grupo video con `sudo usermod -aG video $USER` y vuelva a entrar
camera-pictures-from-elsewhere = Las imágenes llegan de cámaras remotas.
camera-sentence = { SENTENCE($what) }.
camera-silent = muda
camera-silent-advice = La cámara está abierta pero no envía ninguna imagen útil; se abre una y otra vez. Si dura, desenchúfela y vuelva a enchufarla, y revise el cable y la alimentación.
camera-source-ended = La fuente ha terminado.
camera-starting = abriendo
camera-stuck = { $count ->
    [one] un intento de usar la cámara se atasca en su controlador
   *[other] { $count } intentos de usar la cámara se atascan en su controlador
}: desenchúfela y, si no basta, reinicie Rollcall
camera-trouble = problema
camera-trying-again = { SENTENCE($what) }; se vuelve a intentar.
camera-unplugged = { $camera } se desenchufó o se reinició: revise el cable y la alimentación
camera-unreadable = ilegible
camera-unreadable-pictures = llegan imágenes, pero ninguna se puede leer: { $reason }
camera-unsupported = no admitida
control-refused = { $camera } no pone { $name } a { $value }: { $reason }
control-unknown = { $camera } no tiene el control `{ $name }`; `rollcall camera controls` los muestra
control-value = { $name } = { $value }: { $expected }
network-broken = ya no está conectada ({ $reason }): revise su alimentación y la red
network-forbidden = lo prohíbe (403): revise los permisos del usuario en sus ajustes
network-hung-up = ha terminado el vídeo: revise su alimentación y la red
network-name-refused = no acepta este nombre y contraseña: revise camera.source
network-name-wanted = pide nombre y contraseña: escriba http://NOMBRE:CLAVE@EQUIPO/RUTA como camera.source
network-no-picture = no envía ninguna imagen; su respuesta empieza por { $answer }: indique la dirección de su vídeo o de su imagen
network-nonsense = responde de un modo que no se entiende: { $reason }
network-not-found = no tiene nada en esta ruta (404): revise la dirección
network-other-authentication = quiere otra autenticación que Basic: permita Basic en sus ajustes
network-other-coding = envía imágenes comprimidas como { $coding }, que no se lee: desactívelo en sus ajustes
network-other-kind = envía { $kind }, que no es Motion JPEG, JPEG ni PNG: indique la dirección de su vídeo o de su imagen
network-redirected-too-often = redirige demasiadas veces: revise la dirección
network-redirected-wrongly = redirige a una dirección que no se puede usar: { $reason }
network-refused = rechaza la conexión: revise el puerto y que su servidor funcione
network-slow = no responde a tiempo: revise su alimentación y la red
network-status = responde { $code } { $reason }
network-unknown-host = no se conoce por ese nombre: revise la dirección y la red
network-unreachable = no está accesible ({ $reason }): revise su alimentación y la red
