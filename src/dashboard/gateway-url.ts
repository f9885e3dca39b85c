// Where clients find the gateway, for the lines to copy: serve's own address tells enough.

type Address = Pick<URL, 'protocol' | 'hostname' | 'origin'>

/** Beside serve at its usual port, or serve itself. Never plain HTTP for who reads this page by TLS: a key would be sent in it. */
export const gatewayUrlOf = ({ protocol, hostname, origin }: Address, isServerless: boolean): string =>
  isServerless || protocol === 'https:' ? origin : `http://${hostname}:8422`
