### Sobre el camino a una estación.

answer-too-large = no se puede enviar la respuesta ({ $reason }); pida menos
connection-broke = la conexión con la estación se cortó antes de la respuesta: puede estar hecho o no
link-asking = se está preguntando a la estación
link-cannot-say = esto no se le puede decir a una estación: { $reason }
link-gone = la estación no responde
link-gone-because = la estación no responde: { $reason }
link-not-reached = no se puede hablar con la estación en este momento; no se ha hecho nada
link-not-understood = la estación ha respondido algo que este programa no entiende; actualícelo
link-program-error = la conexión terminó por un error de este programa; iníciela de nuevo
link-silent = la estación no dice nada desde hace { $seconds } s
link-too-much = la estación dice más de lo que se puede guardar
link-unreadable = la estación ha dicho algo que no se puede leer
no-thread-left = el equipo de la estación no tiene hilos libres: { $reason }
not-understood = esta estación ({ $station }) no lo entiende: { $reason }
other-protocol = la estación ({ $station }) habla el protocolo { $ours } y este programa ({ $program }) el { $theirs }: { $update }
too-many-attached = { $count ->
    [one] ya hay un panel conectado a esta estación; cierre ese antes
   *[other] ya hay { $count } conectados a esta estación; cierre uno antes
}
update-program = actualice este programa
update-station = actualice la estación
