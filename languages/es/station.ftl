### Lo que dice una estación en marcha.

another-camera-test = ha empezado otra prueba de la cámara
backup-made = copia hecha: { $path }
because = { $what }: { $reason }
camera-gave = la cámara dio { $rate } imágenes/s; { $broken } rotas, { $lost } perdidas, { $reconnects } reconexiones
check-out-closed = salida olvidada, cerrada al fin del turno: { $codes }
check-outs-not-closed = no se pudieron cerrar las salidas olvidadas: { $reason }
complaint-repeated = { $complaint } (y { $count ->
    [one] { $count } vez
   *[other] { $count } veces
} más desde la última vez)
configuration-not-in-use = la configuración cambiada no está en uso: { $reason }
control-range = { $least } a { $most }
control-stays = { $control } es { $value } y así queda.
driver-hangs = El controlador de la cámara no responde.
erased-by-age = borrado por antiguo: { $sightings ->
    [one] { $sightings } avistamiento
   *[other] { $sightings } avistamientos
}, { $faces ->
    [one] { $faces } rostro desconocido
   *[other] { $faces } rostros desconocidos
}, { $pictures ->
    [one] { $pictures } foto
   *[other] { $pictures } fotos
}, { $events ->
    [one] { $events } fichaje
   *[other] { $events } fichajes
}
erased-person = borrado de { $code }: nombre, { $templates ->
    [one] { $templates } plantilla
   *[other] { $templates } plantillas
}, { $pictures ->
    [one] { $pictures } foto
   *[other] { $pictures } fotos
}; { $punches ->
    [one] queda { $punches } fichaje
   *[other] quedan { $punches } fichajes
}
face-is-sample = el rostro del avistamiento { $number } es ahora una muestra de { $name }
faces-erased = { $count ->
    [one] { $count } avistamiento borrado
   *[other] { $count } avistamientos borrados
}
faces-ignored = { $count ->
    [one] un avistamiento ignorado; su rostro se borra
   *[other] { $count } avistamientos ignorados; sus rostros se borran
}
more-said = { $first }; { $more }
no-backup = no se hizo la copia: { $reason }
no-controls = Esta cámara no tiene controles.
not-erased = no se pudo borrar lo antiguo: { $reason }
only-usb-controls = Solo las cámaras USB tienen controles.
person-agreed-on = { $code } dio su consentimiento el { $day }
person-expected-from = se espera a { $code } desde el { $day }
person-has-agreed = { $code } ha dado hoy su consentimiento
person-has-no-pin = { $code } ya no tiene PIN
person-has-pin = { $code } ya tiene PIN
person-in-no-team = { $code } no está en ningún equipo
person-in-team = { $code } está en el equipo { $team }
person-recognised-again = { $code } se reconoce de nuevo: { $name }
person-recognised-no-more = { $code } ya no se reconoce: { $name }
person-renamed = { $code } se llama ahora { $name }
punch-was-added = se añadió { $name } { $direction } a las { $time }
records-busy = aún se están leyendo los registros; inténtelo de nuevo
restarts-already = la estación ya se está reiniciando
setting-at-next-start = { $section }.{ $key } = { $value }; vale desde el próximo arranque
setting-in-use = { $section }.{ $key } = { $value }; ya está en uso
settings-of-before = la estación sigue con los ajustes anteriores: { $reason }
sightings-were = { $count ->
    [one] un avistamiento era
   *[other] { $count } avistamientos eran
} { $name } ({ $code })
somebody-enrols = { $name } está inscribiendo a alguien en este momento
station-panicked = el hilo de la estación ha fallado; vea el registro
station-restarted = la estación se ha reiniciado
station-restarts = la estación se reinicia con los ajustes actuales
station-starting = la estación está arrancando
still-writing = todavía se está escribiendo algo; la estación no se reinició
store-too-busy = demasiado espera a una base de datos que no se puede escribir
templates-forgotten = { $count ->
    [one] se olvidó una plantilla que había hecho la estación
   *[other] se olvidaron { $count } plantillas que había hecho la estación
}
time-does-not-occur = { $time } no existe: los relojes se adelantaron
time-occurs-twice = { $time } ocurre dos veces, porque los relojes se atrasaron; corríjalo en la línea de órdenes
too-many-cameras = ya hay { $most } cámaras remotas enviando
