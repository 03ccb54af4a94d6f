### Diagnóstico, calibración y encabezados de los libros.

agrees-first = { $name } tiene que dar su consentimiento antes de que se guarde su rostro: `rollcall people consent { $code }`
backup-newest = la más nueva de { $folder } tiene { $hours } h
batch-events = lote { $batch }: { $events }
calibration-changed = la calibración ha cambiado desde que se mostró; revísela y escríbala de nuevo
calibration-head = { $people ->
    [one] { $people } persona
   *[other] { $people } personas
}, { $templates ->
    [one] { $templates } plantilla
   *[other] { $templates } plantillas
}; parecido pedido: { $similarity }
calibration-look-alike = Se parecen: { $one } y { $other }, { $similarity }. Necesitan el doble de margen.
calibration-refused = De las miradas de inscritos se rechaza el { $share } %; la siguiente puede servir.
cannot-ask = no se puede preguntar por { $path }: { $reason }
chart-legend = dos personas ({ $pairs ->
    [one] { $pairs } par
   *[other] { $pairs } pares
}), una persona ({ $pictures ->
    [one] { $pictures } foto
   *[other] { $pictures } fotos
})
checked-backup = copia
checked-camera = cámara
checked-clock = reloj
checked-database = base
checked-disk = disco
checked-encryption = cifrado
checked-model = modelo
checked-models = modelos
checked-people = personas
checked-picture = foto
checked-pin = PIN
checked-privacy = privacidad
checked-settings = ajustes
checked-template = plantilla
checked-terminal = terminal
checked-times = horas
checked-trail = registro
choices-are = { $reason }; las opciones son { $choices }
clock-before-punch = { $time } es anterior al último fichaje que vio la estación, el { $latest }; ponga el reloj en hora
clock-cannot-be = { $time } no puede ser; ponga el reloj en hora
clock-doubtful = { $time }; ningún servidor lo mantiene, y los fichajes se marcan como dudosos
clock-synchronised = { $time }, sincronizado
column-break = Pausa
column-check-out-missing = Falta la salida
column-check-outs-missing = Salidas que faltan
column-clock = Reloj
column-clock-batch = Lote del reloj
column-clock-doubtful = Reloj dudoso
column-code = Código
column-corrected = Corregido
column-corrected-at = Corregido el
column-corrected-by = Corregido por
column-date = Fecha
column-day = Día
column-days = Días
column-days-absent = Días de ausencia
column-days-corrected = Días corregidos
column-days-doubtful-clock = Días con reloj dudoso
column-days-early = Días con salida anticipada
column-days-late = Días con retraso
column-days-to-check = Días por revisar
column-direction = Sentido
column-event = Evento
column-events = Eventos
column-first-in = Primera entrada
column-from = Desde
column-hours = Horas
column-last-out = Última salida
column-liveness = Vivacidad
column-minutes-early = Minutos de salida anticipada
column-minutes-late = Minutos de retraso
column-name = Nombre
column-operator = Operador
column-overtime = Horas extra
column-people = Personas
column-punches = Fichajes
column-reason = Motivo
column-reason-for-voiding = Motivo de la anulación
column-recorded-at = Registrado el
column-replaces = Sustituye a
column-shift = Turno
column-similarity = Parecido
column-source = Origen
column-state = Estado
column-station = Estación
column-team = Equipo
column-time = Hora
column-to = Hasta
column-to-check = Por revisar
column-total = Total
column-utc-offset = Desfase UTC
column-voided = Anulado
column-voided-at = Anulado el
column-voided-by = Anulado por
database-sound = { $path } está sana; { $active ->
    [one] { $active } persona activa
   *[other] { $active } personas activas
} de { $count }
deleted-person = una persona eliminada
demo-hint = demostración: dos de las seis personas son extrañas; pulse e para inscribir a una
demo-moved = lo que escribió la demostración está ahora en { $path }
demo-own-folder = la demostración tiene su propia carpeta: detenga la estación e iníciela de nuevo
demo-refused = { $path } es de una estación real; la demostración escribe en { $folder }
disk-free = { $megabytes } MB libres en { $path }
doubtful-events = fichajes hechos con un reloj dudoso ({ $batches }); vea `attendance repair-clock`
embedder-missing = la red configurada no está
encrypted-with = plantillas y fotos están cifradas con la clave de { $path }
event-cannot-be = el evento { $number } de { $code } ({ $source }) es del { $time }, lo que no puede ser; anúlelo con `attendance void { $number }`
expected-false-names = Nombres falsos esperados: uno cada { $period } con sus { $people ->
    [one] { $people } persona
   *[other] { $people } personas
}, si las { $looks } miradas al día (contadas en { $days ->
    [one] { $days } día
   *[other] { $days } días
}) fueran todas de extraños.
expected-false-names-uncounted = Nombres falsos esperados: uno de cada { $looks } miradas de extraños con sus { $people ->
    [one] { $people } persona
   *[other] { $people } personas
}; aún no se ha contado ninguna mirada.
face-taken-for = este rostro ya está inscrito como { $name }, parecido { $similarity }
face-not-kept = el rostro del avistamiento { $number } ya no se guarda
file-readable-by-others = { $path } tiene el modo { $mode }: pueden leerlo otros además de su propietario
from-own-people = Sale de cuánto se parece su propia gente, y nunca es mejor que las fotos de extraños en general; vale para una sola mirada, y un nombre necesita varias que coincidan.
from-strangers = Sale de fotos de extraños en general; hacen falta diez personas para saber cuánto se parece su gente; vale para una sola mirada, y un nombre necesita varias que coincidan.
known-to-another-embedder = conocidos solo por otra red, ejecute `rollcall people re-embed`: { $codes }
name-a-sighting = nombre al menos un avistamiento
networks-not-found = las redes no se encontraron en { $folders }; indique dónde están con --models-dir
no-backup-in = ninguna en { $folder }
no-camera-found = no se encontró ninguna cámara; enchufe una o pruebe --demo
no-database-yet = aún no hay; { $path } se crea al primer arranque
no-file-of-passphrase = no existe el archivo { $path }; indique uno cuya primera línea sea la contraseña, o déjelo vacío
no-sighting = no existe el avistamiento { $number }
no-source = no existe la cámara, el archivo o la carpeta "{ $source }"; las opciones son { $choices }
no-such-setting = no existe ese ajuste
no-terminal = la salida estándar no es un terminal; el panel necesita uno, run --headless no
no-threshold-high-enough = ningún umbral basta para esa tasa; no se escribió nada
none-similar-enough = Ningún parecido basta para la tasa deseada.
other-embedder = el avistamiento { $number } se hizo con otra red que la que está en uso
path-missing = { $path } no está
people-without-template = sin plantilla útil, inscríbalos de nuevo: { $codes }
period-days = { $count ->
    [one] { $count } día
   *[other] { $count } días
}
period-years = { $count ->
    [one] { $count } año
   *[other] { $count } años
}
pictures-come-from = las imágenes vienen de { $source }
pins-tried = { $count ->
    [one] se probó un PIN incorrecto
   *[other] se probaron { $count } PIN incorrectos
}, el último a las { $time }; todos constan en el registro de auditoría
proposed = Para un nombre falso de cada { $looks } miradas de extraños: parecido { $similarity } (recognition.threshold = { $setting }).
proposed-with-refusals = Para un nombre falso de cada { $looks } miradas de extraños: parecido { $similarity } (recognition.threshold = { $setting }); se rechazaría el { $refused } % de las miradas.
refusals-not-known = No se sabe cuántas miradas de inscritos se rechazan: nadie tiene dos muestras.
restore-leftover = { $path } contiene lo que desempaquetó una restauración interrumpida; el próximo arranque lo elimina
rows-written = { $count ->
    [one] { $count } fila escrita
   *[other] { $count } filas escritas
} en { $path }
seen-not-recognised = se le vio y no se le reconoció, avistamiento { $number }
sighting-assigned-before = el avistamiento { $number } ya se asignó; el fichaje que falte se añade a mano
sighting-unlike = avistamiento { $number }: este rostro no se parece a ninguna muestra de { $name }, parecido { $similarity }; aún se puede añadir un fichaje a mano
similarity-label = parecido
strangers-none-reach = De los { $count } rostros sin nombre guardados ninguno lo alcanza, lo que por sí solo dice: como mucho el { $share } %.
strangers-reach = { $count } de { $all } rostros sin nombre guardados lo alcanzan ahora: vea `rollcall review list`.
template-unusable = la plantilla { $number } no se puede usar: { $reason }
threshold-written = recognition.threshold = { $setting } está en { $path }
trail-goes-on = continúa desde el final que { $count ->
    [one] anotó una copia de seguridad
   *[other] anotaron { $count } copias de seguridad
}
trail-whole = { $count ->
    [one] un asiento del registro encaja
   *[other] { $count } asientos del registro encajan
}; el último es { $head }
