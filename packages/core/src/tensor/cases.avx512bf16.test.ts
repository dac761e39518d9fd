import { describeCases } from '../testing/describeCases.js';

describeCases('avx512bf16');
