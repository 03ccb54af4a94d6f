### Lo que dicen los registros.

already-voided = el fichaje { $number } ya lo anuló { $who }: { $reason }
code-retired = el código { $code } fue de una persona que se borró y aún nombra su asistencia: elija otro
code-taken = el código { $code } es de { $holder }
database-corrupt = la base de datos { $path } está dañada ({ $detail }): no se cambió nada; restaure una copia con `rollcall restore`
database-gone = { $path } se borró o se movió; no se escribe nada hasta que vuelva a su sitio. Para seguir con otra, detenga la estación y vuelva a iniciarla
database-locked = otro programa bloquea la base de datos { $path } ({ $doing }): ciérrelo o inténtelo de nuevo
database-not-writable = la base de datos no se puede escribir en este momento
database-read-only = no se puede escribir { $path } ({ $doing }): revise sus permisos y que su disco no esté montado como solo lectura
database-replaced = { $path } se sustituyó por otro archivo; no se escribe nada hasta que vuelva a su sitio. Para seguir con otra, detenga la estación y vuelva a iniciarla
day-to-come = { $day } aún no ha llegado; hágalo ese día
deactivated-face = este rostro ya está inscrito como { $name } ({ $code }), que no está activo, parecido { $similarity }: vuelva a activar a esa persona
disk-full = el disco está lleno ({ $doing }, { $path }): haga sitio
held-not-saved = { $trouble }. No se pudo guardar lo que contenía: { $reason }
held-saved-as = { $trouble }. Lo que contenía se guardó como { $path }
no-such-code = nadie tiene el código { $code }
no-such-event = no existe el fichaje { $number }
no-such-person = la persona { $number } no está en la base de datos o se borró
no-such-sighting = no existe el avistamiento { $number }; `rollcall review list` los muestra
nothing-changes = el fichaje { $number } ya es así; no se cambió nada
pin-closed = demasiados errores; espere { $seconds ->
    [one] { $seconds } segundo
   *[other] { $seconds } segundos
}
pin-taken = otra persona tiene este PIN o tarjeta: tome otro
same-event = el fichaje { $number } ya dice lo mismo; no se añadió nada
sql-failed = falló en { $path }: { $doing }: { $reason }
