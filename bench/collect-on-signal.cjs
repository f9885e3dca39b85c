// Preloaded into Node proxies while their memory is weighed: SIGUSR2 collects garbage, so that what is left is held.
require('node:v8').setFlagsFromString('--expose-gc')
const collect = require('node:vm').runInNewContext('gc')
process.on('SIGUSR2', () => {
  collect()
  setImmediate(collect)
})
