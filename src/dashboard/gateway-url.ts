// Where clients find the gateway, for the lines to copy. Serve does not know; its own address tells enough.

/** Beside serve at its usual port, or on a Worker, which is both. Never plain HTTP for who reads this page by TLS: a key would be sent in it. */
export const gatewayUrlOf = ({ protocol, hostname, origin }: Pick<URL, 'protocol' | 'hostname' | 'origin'>): string =>
  protocol === 'https:' ? origin : `http://${hostname}:8422`
