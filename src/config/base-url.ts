// Where a provider may be: https anywhere, plain http only at home, and never the gateway itself (reliability.md §7).

/** What is wrong with a provider's address, in words that mend it; null = fine. */
export function baseUrlFault(baseUrl: string, selfOrigins: readonly string[]): string | null {
  const url = parseUrl(baseUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an http or https URL'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password; use api_key or headers'
  if (url.search !== '' || url.hash !== '') return 'must end with its path: no "?" and no "#"'
  if (isSelf(url, selfOrigins)) {
    return 'is the gateway itself, which would call itself without end; write the address of the provider (is this the variable of a client?)'
  }
  if (url.protocol === 'http:' && !isPrivateHost(url.hostname)) {
    return 'must be https: plain http would show the key to the network, and is allowed for loopback and private addresses only'
  }
  return null
}

/** `URL.parse` came with Node 22. */
export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

function isSelf(url: URL, selfOrigins: readonly string[]): boolean {
  return selfOrigins.some((origin) => {
    const self = parseUrl(origin)
    if (self === null || portOf(self) !== portOf(url)) return false
    return self.hostname === url.hostname || (isThisMachine(self.hostname) && isThisMachine(url.hostname))
  })
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port
  return url.protocol === 'https:' ? '443' : '80'
}

/** `0.0.0.0` and `[::]` reach this machine too. */
function isThisMachine(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(
    host.toLowerCase(),
  )
}

/** Loopback, the private ranges, link-local, shared (100.64/10), and names that only a local network knows. */
export function isPrivateHost(host: string): boolean {
  const name = host.toLowerCase()
  if (isThisMachine(name)) return true
  const ipv4 = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(name)
  if (ipv4 !== null) {
    const [first, second] = [Number(ipv4[1]), Number(ipv4[2])]
    return (
      first === 10 ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 192 && second === 168) ||
      (first === 169 && second === 254) ||
      (first === 100 && second >= 64 && second <= 127)
    )
  }
  if (name.startsWith('[')) return /^\[f([cd]|e[89ab])/.test(name)
  return !name.includes('.') || /\.(local|internal|lan|home\.arpa)$/.test(name)
}
