### Lo que dicen estaciones y paneles.

station-has-ended = la estación ha terminado
too-much-is-asked = ya hay demasiado en espera; inténtelo de nuevo
watch-only = esta pantalla es solo para mirar
