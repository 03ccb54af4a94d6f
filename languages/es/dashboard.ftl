### Lo que está en la pantalla.

active = activo
all-commands = todas las órdenes
alters-absent = Ausencias: { $now } en lugar de { $before }
alters-days = Días pasados que cambiarían: { $days ->
    [one] { $days } día
   *[other] { $days } días
} de { $people ->
    [one] { $people } persona
   *[other] { $people } personas
}, del { $from } al { $to }
alters-hours = Horas: { $now } en lugar de { $before }
alters-late = Retraso: { $now } en lugar de { $before }
and-more = y { $count } más
and-more-days = y { $count ->
    [one] { $count } día más
   *[other] { $count } días más
}; la tabla de cada día los tiene todos
arrow-just-now = { $arrow } ahora
ask-agree = ¿Es lo que quiere?
ask-another-all-the-same = Este rostro ya está inscrito como { $name }, parecido { $similarity }. ¿Es de todos modos otra persona, por ejemplo un gemelo?
ask-another-person = ¿Es otra persona, por ejemplo un gemelo? y = sí, guardar; Esc = no, no guardar nada
ask-confirm = ¿Todas las fotos son de { $name } ({ $code })? y = sí, guardar; Esc = no, no guardar nada
ask-consent = ¿Acepta { $name } que se guarden vectores y fotos de su rostro? y = sí, otra tecla = no
ask-consent-today = ¿Ha dado { $name } hoy su consentimiento? Pulse s para anotarlo
ask-end = ¿Detener la estación?
ask-erase-face = { $count ->
    [one] ¿Borrar del todo este avistamiento? No se puede deshacer. Pulse s para borrarlo
   *[other] ¿Borrar del todo { $count } avistamientos? No se puede deshacer. Pulse s para borrarlos
}
ask-erase-person = Borra nombre, fotos, plantillas y ausencias de { $name }; los fichajes quedan con el código. Escriba el código { $code } para hacerlo
ask-forget-adaptive = ¿Olvidar las plantillas que creó la propia estación? Pulse s para olvidarlas
ask-ignore = { $count ->
    [one] ¿Ignorar este avistamiento y borrar su rostro? Pulse s para ignorarlo
   *[other] ¿Ignorar { $count } avistamientos y borrar sus rostros? Pulse s para ignorarlos
}
ask-name = Nombre nuevo de { $name }
ask-pin = PIN o tarjeta nueva de { $name }; déjelo vacío para quitarlo
ask-pin-again = Otra vez
ask-remove-pin = ¿Quitar el PIN de { $name }? Pulse s para quitarlo
ask-restart = ¿Reiniciar la estación?
ask-sign = ¿firmar esta corrección?
ask-was-it = ¿Era { $name }? y
ask-who-was-it = ¿quién era?
ask-write-threshold = ¿Escribir el umbral propuesto en la configuración? Pulse s para escribirlo
assign-add-punch = Añadir el fichaje
assign-add-sample = Añadir el rostro
assign-not-resembled = No es a quien se parece
attendance = asistencia
attendance-marked = marcado: { $day }
attendance-week = { $week } { $dot } del { $from } al { $to }
audit = registro
calibration = calibración
camera = cámara
camera-broken = rotas
camera-is = cámara { $state }
camera-latency = { $milliseconds } ms de retraso
camera-lost-pictures = perdida
camera-rate = { $rate } imágenes/s
camera-reconnects = reconexiones
camera-stuck-threads = hilos atascados en el controlador
camera-testing = probando la cámara diez segundos
camera-titled = cámara { $dot } { $source }
cell-absent = aus
cell-absent-short = A
change-being-written = el último cambio aún se está guardando; vuelva a intentarlo
chart-arrivals = llegadas de hoy por cuartos de hora
chart-by-minute = reconocidos y rechazados, por minuto en la última hora
chart-frame-time = tiempo por imagen, últimos dos minutos
chart-hours = horas de todos por semana
chart-no-frame = aún no se ha mirado ninguna imagen
chart-nobody-came = aún no ha venido nadie
chart-recognised = reconocidos
chart-refused = rechazados
chart-times = mediana { $median } ms, máximo { $longest } ms
charts = gráficos
choice-in = < entrada >
choice-no = < no >
choice-none = < ninguno >
choice-out = < salida >
choice-yes = < sí >
come-closer = acérquese
command-active = persona: activa o no
command-audit = registro: quién hizo qué
command-back = volver; en la pantalla en vivo, salir
command-back-period = un período atrás, diez pasos menos
command-calibration = calibración: qué cuesta el umbral
command-camera = cámara y sus controles
command-consent = persona: da hoy su consentimiento
command-correct = asistencia: corregir el día marcado
command-day = asistencia: un día
command-default = tomar el valor por defecto o el umbral propuesto
command-doctor = diagnóstico: qué funciona y qué no
command-enrol = inscribir el rostro ante la cámara
command-erase = borrar una persona o un rostro
command-export = asistencia: exportar a un archivo
command-find = buscar a una persona, filtrar una lista
command-forget = persona: olvidar lo aprendido
command-ignore = revisión: ignorar un rostro
command-live = en vivo: cámara, hoy, diario
command-log = diario de esta sesión
command-month = asistencia: un mes
command-name = nombre: cambiar el de una persona, decir de quién es un rostro
command-on-period = un período adelante, diez pasos más
command-only = asistencia: solo presentes, con retraso, ausentes
command-pin = persona: PIN o tarjeta
command-preview-ascii = vista: ASCII
command-preview-braille = vista: puntos braille
command-preview-half-blocks = vista: medios bloques
command-preview-next = vista: el tipo siguiente
command-preview-off = vista: apagada
command-preview-pixels = vista: píxeles
command-preview-quadrants = vista: cuadrantes
command-restart = reiniciar la estación con los ajustes actuales
command-review = revisar: rostros sin nombre
command-suspend = a la consola; fg vuelve
command-today = asistencia: hoy
command-undo = deshacer el último cambio
command-week = asistencia: una semana
command-why = por qué cada rostro tiene su nombre
command-write-file = escribir en un archivo la asistencia mostrada
command-yes = sí, en una pregunta
connected-again = conectado de nuevo
consent = permiso
control-automatic = lo decide la cámara
correct-add = añadir un fichaje
correct-change = cambiar { $event }
correct-disown = no es esta persona: { $event }
correct-no-time = { $text } no es una hora; escríbala como 08:02 o 08:02:30
correct-no-typing = en esta línea no se escribe: Izquierda y Derecha eligen, Tab pasa a la siguiente
correct-nothing-changed = no cambia nada: hora, sentido y persona siguen igual
correct-operator-empty = falta el nombre del operador
correct-person-gone = esta persona ya no está inscrita
correct-reason-empty = falta el motivo
correct-titled = corregir { $name } ({ $code })
correct-void = anular { $event }
correction-saving = La corrección anterior aún se está guardando.
date-and-time = { $date } { $time }
date-day-month = { $day } { $month }
date-day-month-year = { $day } { $month } { $year }
date-month-year = { $month } de { $year }
date-weekday-day = { $weekday } { $day }
date-weekday-day-month = { $weekday } { $day } { $month }
date-weekday-day-month-year = { $weekday } { $day } { $month } { $year }
day = día
decimal-mark = ,
doctor = diagnóstico
dropped-label = omitidas
end-means = No se registrará asistencia hasta que se vuelva a iniciar.
end-means-service = la estación se detendría también; una que corre como servicio se deja con q
enrol-code-belongs = { $code } es de { $name }
enrol-code-was-deleted = { $code } fue de alguien que se borró
enrol-escape = Esc lo cancela, no se guarda nada
enrol-face-of = rostro { $number } de { $count }; AvPág muestra el siguiente
enrol-looks-like = se parece a { $name } ({ $code }), { $similarity }
enrol-nobody-seen = no se ve bien a nadie; Intro espera un rostro
enrol-pictures = { $taken } de { $wanted } fotos  { $bar }
enrol-resembles = este rostro se parece a { $name }, parecido { $similarity }
enrol-same-name = nota: { $code } se llama igual
enrol-saving = todas las fotos hechas, guardándolas
enrol-suggested = { $code } (propuesto)
enrol-the-face = el rostro por inscribir
enrol-waiting-alone = esperando a que venga alguien solo
enrol-without-consent = sin inscribir: sin consentimiento no se guarda ningún rostro. Intro vuelve a preguntar, Esc cierra el formulario; un PIN o una tarjeta no necesita rostro
enrolled-label = inscrito
enrolling = inscribiendo a { $name }
enrolling-already = En este momento se está inscribiendo a alguien.
enrolling-elsewhere = { $name } está registrando a alguien en este momento
erase-means = El nombre, las fotos y las plantillas de { $name } ({ $code }) se borran para siempre; los fichajes se conservan con el código.
erase-other-code = ese no es el código { $code }; no se borró nada
event-added = añadido el { $at } por { $who }: { $reason }
event-corrected = corregido el { $at } por { $who }: { $reason }
event-corrected-briefly = corregido el { $at } por { $who }
event-live = vivo { $score }
event-similarity = parecido { $similarity }
event-voided = ANULADO el { $at } por { $who }: { $reason }
explain-asked-for = , se pide { $threshold }
explain-best = mejor { $name } { $similarity }{ $more }
explain-cooldown = sin fichaje durante { $seconds } s más: espera
explain-face = rostro { $number }: { $name }
explain-inactive = sin fichaje: la persona no está activa
explain-latest-look = última mirada: { $reason }
explain-live = vivo { $score }{ $more }
explain-next = siguiente { $name } { $similarity }, margen { $margin }, se pide { $asked }
explain-no-name = sin nombre no hay fichaje
explain-nobody = no hay nadie a la vista
explain-not-counted = no cuenta: { $reason }
explain-not-sure = aún no es seguro
explain-picture = imagen: { $eyes } px entre los ojos, nitidez { $sharpness }, luz { $light }, contraste { $contrast }, giro { $turn }, ladeo { $tilt }°, detector { $detector }
explain-present = ya presente, hoy no hay más fichajes
explain-punch-written = se está guardando un fichaje
explain-somebody = alguien
explain-too-few-looks = , aún faltan miradas
explain-turn-awaited = , espera un giro a la { $side }
explain-visit-punches = una visita que aún no ha fichado ficha ahora
explain-votes = votos: { $votes }; hacen falta { $needed }
explain-votes-for = { $votes } para { $name } ({ $share } %)
face-live = , vivo { $score }
face-nearest = , se parece a { $name }
field-direction = Sentido
field-person = Persona
field-reason = Motivo
field-time = Hora
field-what = Qué
filter-hint = / busca por parte del nombre o código
filter-label = filtro
find-person-hint = parte de un nombre o código
goodbye = Hasta luego
heading-absent-days = Aus
heading-by = Por
heading-check = Ver
heading-code = Código
heading-enrolled = Inscrito
heading-faces = Caras
heading-hours = Horas
heading-in = Entra
heading-last = Última
heading-late = Tarde
heading-live = Vivo
heading-name = Nombre
heading-out = Sale
heading-overtime = Extra
heading-resembles = Más parecido
heading-similarity = Par
heading-state = Estado
heading-templates = Plantill.
heading-to-check = Revisar
heading-today = Hoy
heading-who = Quién
heading-why = Por qué
help = ayuda
help-come-closer = qué ha de hacer el rostro para que se le reconozca
help-dropped = imágenes que no se miraron; siempre hay alguna
help-end = terminar de inmediato
help-enter = abrir, cambiar, empezar, volver a leer
help-escape = volver; cancela una inscripción
help-first-last = primera y última línea; también Inicio y Fin
help-just-now = entró o salió hace menos de 10 s, y está guardado
help-lines = línea abajo, arriba; también flechas
help-live = cuán probable es que no sea una foto, de 0 a 1
help-live-score = vivo 0.98
help-looking = mirando: un nombre necesita varias imágenes que coincidan
help-not-here = hoy no ha venido
help-pin = un PIN o tarjeta, y luego Intro
help-recognised = reconocido; el número es el parecido, 1 es la misma foto
help-tab = período siguiente, panel siguiente en ventana pequeña
help-ten-lines = diez líneas
help-unknown = ningún inscrito se parece bastante (menos de { $threshold })
hint-all = todo
hint-back = volver
hint-back-to-form = volver al formulario
hint-by-ten = de diez en diez
hint-call-off = cancelar
hint-cancel = cancelar
hint-change = cambiar
hint-check-and-sign = comprobar y firmar
hint-choose = elegir
hint-close = cerrar
hint-correct = corregir
hint-default = defecto
hint-earlier-later = antes, después
hint-enrol = inscribir
hint-erase = borrar
hint-export = exportar
hint-find = buscar
hint-first-last = primera, última
hint-forget-adaptive = olvidar adaptadas
hint-go-on = seguir
hint-ignore = ignorar
hint-keep-filter = dejar el filtro
hint-name = nombre
hint-next-field = campo siguiente
hint-next-line = línea siguiente
hint-open = abrir
hint-other-face = otro rostro
hint-period = período
hint-preview = vista
hint-read-again = leer de nuevo
hint-remove = quitarlo
hint-run = ejecutar
hint-save = guardar
hint-scroll = mover
hint-sign = firmar
hint-start = empezar
hint-table = tabla
hint-test = probar
hint-undo = deshacer
hint-wait-face = esperar un rostro
hint-who = quién
hint-who-was-it = quién era
hint-why = por qué
hint-write-threshold = escribir el umbral
hours-minutes = { $hours ->
    [one] { $hours } hora
   *[other] { $hours } horas
} { $minutes ->
    [one] { $minutes } minuto
   *[other] { $minutes } minutos
}
hours-today = { $time } { $dot } { $hours } hoy
in-at = entrada a las { $time }
in-of = { $present } de { $all } dentro: { $names }
in-since = dentro desde las { $time }
in-view = a la vista
inactive = inactivo
inactive-long = inactivo: se guarda, pero no se reconoce
kept-for-good = Queda para siempre en el registro de auditoría.
language-name = Español
last-seen = visto
last-weeks = las últimas semanas
live = en vivo
log = diario
log-newer-above = diario { $dot } { $count } más nuevas arriba, Inicio las muestra
log-newest-first = diario { $dot } lo último primero
look-into-camera = Mire a la cámara
looks-per-second = mira { $rate }/s
month = mes
month-name = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
month-short = { $month ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sep
    [10] oct
    [11] nov
   *[12] dic
}
networks = redes
no = no
no-command = ninguna orden se llama así
no-events-today = hoy no hay fichajes
no-punches = sin fichajes
no-shell = no hay consola a la que ir
nobody = nadie
nobody-came-nor-expected = no vino nadie ni se esperaba a nadie
nobody-enrolled = aún no hay nadie inscrito
nobody-enrolled-live = Aún no hay nadie inscrito. Póngase ante la cámara y pulse e.
nobody-enrolled-yet = aún no hay nadie inscrito; e inscribe el rostro ante la cámara
nobody-has-code = nadie tiene el código { $code }
nobody-in = no hay nadie dentro
nobody-matches = nadie pasa el filtro; Esc lo quita
nobody-selected = nadie elegido
nobody-shown = nadie; { $key } muestra a otros
nobody-to-correct = Aquí no se muestra a nadie cuyo día se pueda corregir. Elija otros días, o Esc quita el filtro.
nobody-to-review = Nadie espera revisión. Los rostros sin nombre se guardan lo que dice [review] keep_days.
not-connected-old = SIN CONEXIÓN: { $reason }; se reintenta. Lo que se ve es antiguo.
not-noted = sin anotar
not-now = ahora no
nothing-matches = nada pasa el filtro; Esc lo quita
nothing-to-check = nada que revisar
nothing-to-do-it-to = Aquí no hay nada con lo que hacer eso.
nothing-to-undo = nada que deshacer; los fichajes se corrigen en la tabla de asistencia
nothing-waits = nada espera
nothing-yet = aún no hay nada
only-absent = solo ausentes
only-in = solo quien está
only-late = solo quien llega tarde
only-to-check = solo lo que revisar
out-at = salida a las { $time }
out-since = fuera desde las { $time }
people = personas
people-filtered = personas { $dot } { $shown } de { $all }
people-match = { $count ->
    [one] coincide { $count } persona
   *[other] coinciden { $count } personas
}
people-odds = { $title } { $dot } un nombre falso cada { $looks } miradas de extraños
people-titled = personas { $dot } { $count }
person-facts = { $code } { $dot } { $state } { $dot } { $templates } { $dot } inscrito el { $day }
picture-unknown = ¿foto?
pictures-label = fotos
pin-label = PIN
pin-typed = PIN { $stars }  Intro ficha  Esc lo olvida
pins-differ = no son iguales; otra vez
plain-camera = cómo está la cámara
plain-ends = termina la estación
plain-everybody = el día de todos
plain-hello = Rollcall está en marcha. Escriba ayuda e Intro para ver qué se puede pedir; las cifras son un PIN.
plain-in = entrada
plain-not-connected = sin conexión: { $reason }; se vuelve a intentar
plain-this-list = esta lista
plain-who-is-in = quién está dentro
press-enter = Pulse Intro para seguir
press-to-agree = Pulse s si lo es; cualquier otra tecla no cambia nada
press-to-alter = Pulse y para cambiar lo pasado; cualquier otra tecla lo deja como está
press-to-end = Pulse s para detenerla; cualquier otra tecla la deja en marcha
press-to-restart = Pulse s para reiniciarla; cualquier otra tecla sigue
press-to-sign = Pulse s para firmarla; Esc vuelve al formulario
preview-none-hint = La asistencia sigue. v vuelve a mostrar la imagen.
preview-off = vista previa apagada
punches-waiting = { $count ->
    [one] { $count } fichaje espera
   *[other] { $count } fichajes esperan
}
quit = salir
range-to = { $from } a { $to }
reading-records = leyendo los datos
remark-absent = ausente
remark-early = antes
remark-late = tarde
remark-over = extra
restart-means = Así se aplican los ajustes pendientes. Tarda unos segundos; los fichajes ya mostrados se conservan.
review = revisar
review-face-not-kept = este rostro no se guarda
review-titled = sin nombre { $dot } { $count }
setting-empty = (vacío)
setting-overridden = { $variable } lo anula
setting-unreadable = ilegible
settings = ajustes
several-match = coinciden varias personas; escriba más, o el código
sign-add = añadir un fichaje: { $event }
sign-direction = sentido nuevo: { $direction }
sign-person = persona nueva: { $person }
sign-time = hora nueva: { $time }
signed-by = Firma
starting = abriendo
state-absent = ausente
state-expected = esperado
state-free = libre
state-hours-today = { $state }, { $hours } hoy
state-in = dentro
state-label = estado
state-out = fuera
state-overdue = atrasado
status-camera = { $mark } cám { $state }
status-cannot-read = NO SE PUEDE LEER
status-cannot-write = NO SE PUEDE ESCRIBIR
status-clock = { $time } ¿reloj?
status-dropped = { $count } omitidas
status-fps = { $rate } fps
status-frame-time = { $milliseconds } ms/imagen
stopped = Rollcall está parado y no toma asistencia; fg lo reanuda.
team-label = equipo
template-count = { $count ->
    [one] { $count } plantilla
   *[other] { $count } plantillas
}
templates-label = plantillas
today = hoy
today-titled = hoy { $dot } { $present } de { $all } dentro
turn-head = { $name }: gire la cabeza a la { $side }
type-part = escriba parte de un nombre o código
unknown = desconocido
verdict-undecided = indeciso
waiting-for-picture = esperando la primera imagen
week = semana
weekday-short = { $weekday ->
    [1] lun
    [2] mar
    [3] mié
    [4] jue
    [5] vie
    [6] sáb
   *[7] dom
}
welcome = Buenas
window-too-small = Esta ventana es de { $width }x{ $height }; el panel necesita { $least_width }x{ $least_height }. La asistencia sigue.
worked-from-to = { $from } a { $to }, { $hours }
yes = sí
yes-key = s
