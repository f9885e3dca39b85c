import { describe, expect, it } from 'vitest'
import { baseUrlFault, isPrivateHost } from '../../src/config/base-url.ts'

const self = ['http://127.0.0.1:8422', 'http://[::1]:8422']

describe('the address of a provider', () => {
  it.each([
    'https://api.anthropic.com',
    'https://api.openai.com/v1',
    'http://127.0.0.1:11434/v1',
    'http://localhost:8000',
    'http://10.1.2.3/v1',
    'http://172.16.0.1/v1',
    'http://192.168.1.5:1234/v1',
    'http://[fd00::1]:8000/v1',
    'http://ollama:11434/v1',
    'http://host.docker.internal:11434/v1',
    'http://llm.local/v1',
    'http://127.0.0.1:8423',
  ])('%s is fine', (url) => {
    expect(baseUrlFault(url, self)).toBeNull()
  })

  it.each([
    ['http://api.openai.com/v1', /https/],
    ['http://172.32.0.1/v1', /https/],
    ['http://8.8.8.8', /https/],
    ['http://[2001:db8::1]/v1', /https/],
    ['http://10.evil.example/v1', /https/],
    ['http://localhost.evil.example', /https/],
    ['ftp://127.0.0.1', /http or https/],
    ['not a url', /http or https/],
    ['https://user:pass@api.openai.com', /user name/],
    ['https://api.openai.com/v1?x=1', /"\?"/],
    ['http://localhost:8422/v1', /gateway itself/],
    ['http://127.0.0.1:8422', /gateway itself/],
    ['http://0.0.0.0:8422', /gateway itself/],
    ['http://[::1]:8422/v1', /gateway itself/],
    ['http://[::ffff:127.0.0.1]:8422', /gateway itself/],
    ['http://2130706433:8422', /gateway itself/],
  ])('%s is refused', (url, message) => {
    expect(baseUrlFault(url, self)).toMatch(message)
  })

  it('knows a gateway that listens on a name', () => {
    expect(baseUrlFault('https://gateway.example.com/v1', ['https://gateway.example.com'])).toMatch(/gateway itself/)
  })
})

describe('a private host', () => {
  it.each(['100.64.0.1', '100.127.255.255', '169.254.1.1', '[fe80::1]', '[fc00::1]', 'gpu-box'])('%s', (host) => {
    expect(isPrivateHost(host)).toBe(true)
  })
  it.each(['100.128.0.1', '192.169.0.1', '11.0.0.1', 'example.com', 'internal.example.com'])('not %s', (host) => {
    expect(isPrivateHost(host)).toBe(false)
  })
})
