r"""Pairs of final answers with the verdict that a careful grader gives: what ours is measured on.

One pair a line: gold answer, predicted answer. Under `=` they are equal and under `#` they are not.
Only pairs that a person would not argue about are here; the disputed ones are in the tests of the
policies.
"""

TABLE = r"""
integers
= 5 | 5
= -5 | -5
= 42 | +42
= 7 | 7.0
= 007 | 7
= -3 | −3
= 12 | 12.
= 12 | $12$
= 12 | \(12\)
= 12 | \boxed{12}
= 12 | {12}
= 12 | \text{12}
= 12 | \mathbf{12}
= 0 | -0
# 5 | 25
# 5 | -5
# 5 | 6
# 123 | 132
# 1000000007 | 1000000009
# 0 | 1
thousands
= 56,\!01,\!78,\!760 | 560178760
= (1,000) | 1000
# (1,000) | (1,0)
# (1, 0) | (1,000)
# 1,234 | 1, 234
# 1, 234 | 1,234
= 1000 | 1,000
= 1234567 | 1,234,567
= 14916 | 14{,}916
= 16386 | 16,\!386
= 2500000 | 2\,500\,000
= 10000 | 10 000
= 1,000 | 1000.0
= 1234.5 | 1,234.5
= 1{,}048{,}576 | 2^{20}
# 1,234 | 12,34
# 1,000 | 1
# 1,000 | 100
# 12,345 | 12,354
decimals
= 0.5 | .5
= 0.50 | 0.5
= 7.14 | 7.140
= -0.25 | -.25
= 3.0 | 3
= 0.125 | \frac{1}{8}
= 2.75 | 11/4
= \frac{1}{3} | 0.333333333
= 0.6666667 | 2/3
# 0.5 | 0.05
# 0.1 | 0.2
# 3.14 | 3.41
# 1.5 | 15
# 0.333 | 0.334
# 0.00000012 | 0.00000013
# 2.7 | 2.71
fractions
= 1/2 | \frac{1}{2}
= \frac12 | 1/2
= \frac{1}{2} | \dfrac{1}{2}
= \frac{1}{2} | \tfrac12
= \frac{1}{2} | 0.5
= \frac{3}{4} | \frac34
= -\frac{7}{3} | \frac{-7}{3}
= -\frac{7}{3} | \frac{7}{-3}
= -\frac{7}{3} | -7/3
= \frac{10}{4} | 2.5
= \frac{22}{7} | 22/7
= \frac{1}{2} | ½
= \frac{3}{4} | ¾
= \frac{1}{2} | \left(\frac{1}{2}\right)
= \frac{1}{\frac{2}{3}} | \frac{3}{2}
= \cfrac{5}{8} | 0.625
= \frac {5} {8} | 5/8
= \frac{1}{2}+\frac{1}{3} | \frac{5}{6}
= \frac{11}{12} | \frac{11}{12}.
# \frac{1}{2} | \frac{1}{3}
# \frac{1}{2} | \frac{2}{1}
# \frac{1}{2} | -\frac{1}{2}
# \frac{3}{4} | 3.4
# \frac{1}{3} | 0.3
# \frac{1}{2004!} | \frac{1}{2006!}
# \frac{1}{2^{99}} | \frac{1}{2^{98}}
# \frac{5}{6} | \frac{5}{7}
mixed numbers
= 2\frac{1}{2} | \frac{5}{2}
= 2\frac{1}{2} | 2.5
= 5/2 | 2 1/2
= 5/2 | 2\ \frac{1}{2}
= -\frac{7}{3} | -2\frac{1}{3}
= \frac{15}{4} | 3\frac34
= 918\frac{1}{2} | 918.5
= 1\frac{1}{4} | 1.25
= 7/2 | 3½
= 3 1/3 | 10/3
= 2\dfrac{3}{8} | 19/8
= 11\tfrac{5}{6} | 71/6
# 2\frac{1}{2} | 1
# 2 1/2 | 2
# 3 1/2 | 1/2
# 2\frac{1}{3} | \frac{2}{3}
# \frac{3}{2} | 3\frac{1}{2}
# 21/2 | 2 1/2
# 2 1/4 | 1
# 1\frac{1}{4} | 1\frac{3}{4}
percent
# 7\% | \$7
# 7\% | 7^\circ
= 28\% | 28\%
= 28\% | 28%
= 28\% | 28 \%
= 28\% | 28\text{ percent}
= 28\% | 28 percent
= 33.5\% | 33.5%
= 12\frac{1}{2}\% | 12.5\%
= 50\% | 50.0\%
= 28.5\% | 28.5
# 28\% | 29\%
# 28\% | 2.8\%
# 28 | 0.28
# 28\% | 2800
# 0.28 | 28
# 10\% | 0.01
currency
= 5 | \$5
= \$5 | 5
= \$5 | \$5.00
= \$1,234.50 | 1234.5
= \$18.90 | 18.90
= 16386.20 | \$16,\!386.20
= 20 | £20
= 20 | 20€
= 5 \text{ dollars} | \$5
= 50\text{ cents} | \$0.50
# \$5 | \$6
# \$5 | 5\text{ cents}
# \$1,234 | 1.234
units
# 4 m | 4 cm
# 4\text{ cm} | 4 m
= 4 m | 400 cm
= 4 m^2 | 40000\text{ cm}^2
= 3\text{ kN} | 3000\text{ N}
= 12\text{ cm} | 12\text{ cm}^2
= 20\text{ mi/h} | 20\text{ mph}
= 9.8\text{ m/s}^2 | 9.8 \text{ ms}^{-2}
= 2\text{ t} | 2000\text{ kg}
# 3\text{ N} | 3\text{ J}
# 3\text{ mW} | 3\text{ MW}
# 3\text{ kHz} | 3\text{ Hz}
# 4\text{ m/s} | 4\text{ m/s}^2
# 4\text{ m}^2 | 4\text{ m}^3
# 6t | 6
# 6 | 6t
= 5 | 5\text{ cm}
= 5\text{ cm} | 5
= 5\text{ cm} | 5\mathrm{cm}
= 5\text{ cm} | 5 cm
= 5\text{ cm} | 5\text{ centimeters}
= 15\text{ cm}^2 | 15
= 15\mbox{ cm}^2 | 15\text{ square centimeters}
= 125 | 125\textnormal{ miles}
= 60\text{ mph} | 60\text{ miles per hour}
= 3\text{ hours} | 180\text{ minutes}
= 1\text{ km} | 1000\text{ m}
= 2.5\text{ m} | 250\text{ cm}
= 72\text{ km/h} | 20\text{ m/s}
= \frac{1}{2}\text{ meters} | 0.5
= 6\sqrt{3}\text{ square units} | 6\sqrt3
= 17\text{ apples} | 17
= 24 | 24\text{ students}
= 7 | 7 \text{ ways}
= 10\text{ inches} | 10 inches
= 8 | 8\text{ units}^3
= 4 \text{ days} | 4
= 3\pi\text{ cm}^3 | 3\pi
= 1.5 million | 1500000
= 2\text{ dozen} | 24
# 5\text{ cm} | 6\text{ cm}
# 5\text{ cm} | 5\text{ m}
# 5\text{ kg} | 5\text{ g}
# 1\text{ km} | 100\text{ m}
# 3\text{ hours} | 3\text{ minutes}
# 5\text{ miles} | 5\text{ km}
# 17\text{ apples} | 71\text{ apples}
degrees
= 90^\circ | 90
= 90^\circ | 90^{\circ}
= 90^\circ | 90°
= 90^\circ | 90\text{ degrees}
= 90^\circ | 90 degrees
= 45 | 45^\circ
= 22.5^\circ | \frac{45}{2}^\circ
= 120^\circ | \angle 120^\circ
= 37^\circ\text{C} | 37
# 90^\circ | 60^\circ
# 30^\circ | 3
# 30^\circ\text{C} | 30^\circ\text{F}
choices
= C | (C)
= C | \text{C}
= C | \text{(C)}
= (C) | \textbf{(C)}
= \text{(C)} | C
= C | \mathrm{C}
= \textbf{(C)} | \text{(C)}
= C | C.
= C | C. x = 42
= B | (B) 17
= A | \textbf{(A)}\ 5
= D | (d)
= A, C | A,C
= A, C | C, A
= A, C, D | ACD
= BD | B, D
# C | B
# C | (D)
# \text{(C)} | \text{(B)}
# C | D. x = 42
# A | A, B
# A | (B) 17
# A, C | A, D
# A, C | AD
# A | (A) or (B)
# C | (C) and (D)
# B | (B), (C)
words
= No | no
= \text{No} | no
= B | \mathcal{B}
= \text{no real solutions} | \text{no solution}
# tea | eat
# won | now
= odd | \text{odd}
= \text{Evelyn} | Evelyn
= \text{Evelyn} | evelyn
= \text{yes} | Yes
= True | \text{True}
= \text{east} | east
= \text{Monday} | \textbf{Monday}
= no solution | \text{No solution}
= \text{no solutions} | no solution
= \emptyset | \varnothing
= \text{does not exist} | DNE
= \text{even} | even.
= \text{hyperbola} | \text{Hyperbola}
= 7 | seven
# \text{odd} | \text{even}
# odd | oddd
# \text{east} | \text{seat}
# east | seat
# east | eats
# \text{yes} | \text{no}
# True | False
# \text{Evelyn} | \text{Carla}
# \text{Evelyn} | 5
# 5 | \text{Evelyn}
# 5 | none
# \text{ellipse} | \text{eclipse}
roots
= 3\sqrt{13} | \sqrt{117}
= \sqrt{8} | 2\sqrt{2}
= \sqrt{4} | 2
= \frac{1}{\sqrt{2}} | \frac{\sqrt{2}}{2}
= \frac{\sqrt{3}}{3} | \frac{1}{\sqrt3}
= \sqrt2 | \sqrt{2}
= \sqrt 2+\sqrt 5 | \sqrt{5}+\sqrt{2}
= \sqrt[3]{8} | 2
= \sqrt[3]{16} | 2\sqrt[3]{2}
= \sqrt{2}\sqrt{3} | \sqrt{6}
= \frac{1}{1+\sqrt{2}} | \sqrt{2}-1
= \frac{1+\sqrt5}{2} | \frac{1}{2}+\frac{\sqrt5}{2}
= 2^{1/2} | \sqrt{2}
= \sqrt{\frac{1}{2}} | \frac{\sqrt2}{2}
= 5\sqrt{2} | 5 \cdot \sqrt{2}
= 2\sqrt{3} | √12
= \sqrt{3+2\sqrt{2}} | 1+\sqrt{2}
= \frac{\sqrt{\sqrt{7}+\sqrt{19}}}{5+2\sqrt{3}} | \frac{\sqrt{\sqrt{19}+\sqrt{7}}}{2\sqrt{3}+5}
= \sqrt[3]{-27} | -3
= 10\sqrt{2} | 14.142136
= 8\sqrt{2} | 11.3137085
= 4\sqrt{2} | 4\sqrt(2)
# \sqrt{2} | \sqrt{3}
# 4\sqrt{2} | 4
# 4 | 4\sqrt(2)
# 2\sqrt{3} | 3\sqrt{2}
# \sqrt{67},-\sqrt{85} | \sqrt{67}
# 2 | \frac{1+\sqrt{5}}{2}
# 1\sqrt{19} | 1
# \sqrt[3]{2} | \sqrt{2}
# \frac{\sqrt3}{2} | \frac{\sqrt2}{3}
pi and e
= \frac{9}{4}\pi | \frac{9\pi}{4}
= 2\pi | 2 \cdot \pi
= \frac{\pi}{2} | 0.5\pi
= \frac{\pi}{6} | \frac{1}{6}\pi
= 6\pi | 6π
= 25\pi | 25 pi
= \pi | 3.14159265
= e^2 | e\cdot e
= \frac{1}{e} | e^{-1}
= 1-\frac{1}{e} | \frac{e-1}{e}
= e^{\ln 3} | 3
= 4+2\pi | 2(\pi+2)
# 2\pi | 2
# 2\pi | \pi^2
# \pi | 3.14
# 6\pi | 6
# 1-\frac{1}{e} | 1+\frac{1}{e}
# e^2 | 2e
scientific notation
# 1e3 | 1 e 3
= 1.2\times 10^5 | 120000
= 1.2\times10^{5} | 1.2 \cdot 10^5
= 120000 | 1.2e5
= 3\times 10^{-4} | 0.0003
= 6.02\times10^{23} | 6.02e23
= 4.5\times 10^{3} | 4,500
= 10^{6} | 1000000
# 1.2\times 10^5 | 1.2\times10^6
# 3\times10^{-4} | 3\times10^{4}
# 1.5\times10^{-8} | 1.6\times10^{-8}
powers and factorials
= 2^{10} | 1024
= 2^{100} | 1267650600228229401496703205376
= 5! | 120
= 10! | 3628800
= 3^{2005} | 3\cdot3^{2004}
= 2^{-3} | \frac18
= \binom{5}{2} | 10
= \frac{10!}{8!} | 90
= 4^{50} | 2^{100}
= 7^{77}+1 | 1+7^{77}
# 2^{10} | 20
# 2^{100} | 2^{101}
# 5! | 5
# 2^{2005}+1 | 2^{2005}
# \frac{2^{2005}+1}{3\cdot2^{2006}} | \frac{1}{3\cdot2^{2006}}
repeating decimals
= \frac{1}{3} | 0.\overline{3}
= 0.\overline{27} | \frac{3}{11}
= 0.1\overline{6} | \frac{1}{6}
= 0.\overline{142857} | 1/7
= 1.\overline{2} | \frac{11}{9}
= 0.\overline{9} | 1
# 0.\overline{3} | 0.3
# 0.\overline{27} | 0.27
# 0.\overline{12} | \frac{12}{100}
logarithms and trigonometry
= \log_2 8 | 3
= \ln 8 | 3\ln 2
= \log_{10} 100 | 2
= \frac{\ln 9}{\ln 3} | 2
= \sin 30^\circ | \frac12
= \cos\frac{\pi}{3} | 0.5
= \tan 45^\circ | 1
= \sin\left(\frac{\pi}{4}\right) | \frac{\sqrt2}{2}
= 2\sin b\cos a | 2\cos a\sin b
= \tan x | \frac{\sin x}{\cos x}
= \tan^2(y)+1 | \sec^2(y)
= \sin^2 x+\cos^2 x | 1
= \ln(2x) | \ln(2x)
= \cos(-x) | \cos x
= \arctan 2 | \arctan(2)
= \sec x | \frac{1}{\cos x}
= \log_3 5 | \frac{\ln 5}{\ln 3}
= \sin 2x | 2\sin x\cos x
# \ln 2 | \ln 3
# \sin x | \cos x
# \log_2 8 | \log_2 4
# \sin 2x | 2\sin x
# \tan x | \cot x
# \arctan 2 | \arctan 3
# \cos(-x) | -\cos x
polynomials
# E | E'
# f'(x) | f(x)
= x^2+2x+1 | x^2 + 2*x + 1
= x^2+2x+1 | 1+2x+x^2
= (r+5)^2 | (r+5)(r+5)
= (x+1)^2 | x^2+2x+1
= \frac{x+2}{7} | \frac{x}{7}+\frac{2}{7}
= 2-2p | 2(1-p)
= 2x | x+x
= -x+3 | 3-x
= \frac{x^2-1}{x-1} | x+1
= \frac{\pi r}{h+r} | \frac{\pi r}{r+h}
= x^{2}y | yx^2
= ab+bc | b(a+c)
= x^3-8 | (x-2)(x^2+2x+4)
= \frac{3}{4}x | \frac{3x}{4}
= 0.5x | \frac{x}{2}
= 2^{n+1} | 2\cdot 2^n
= 4^n | 2^{2n}
= n! | n!
= n(n+1)/2 | \frac{n^2+n}{2}
= a_1+a_2 | a_2+a_1
= |x-1| | |1-x|
= e^{2x} | (e^x)^2
= x\sqrt{2} | \sqrt{2}x
= \frac{1}{x}+\frac{1}{y} | \frac{x+y}{xy}
= -16x^4+9y^2 | (3y-4x^2)(3y+4x^2)
= x^2 - y^2 | (x-y)(x+y)
= \frac{a}{b} | a/b
= \sqrt{x+1} | (x+1)^{1/2}
= 3x^2-\frac{1}{2}x | \frac{6x^2-x}{2}
# x^2+2x+1 | x^3+2x+1
# (a+5)(b+2) | (+5)(b+2)
# x+2n+1 | x+1
# 2x | x^2
# x+1 | x-1
# x | y
# x^2+1 | x^2-1
# 2^n | 2^{n+1}
# 3x | 3
# \frac{x}{2} | \frac{2}{x}
# n! | (n+1)!
# a^2+b^2 | (a+b)^2
# \sqrt{x^2+1} | x+1
# 0.333333x | \frac{x}{2}
complex numbers
= e^{i\pi} | -1
= e^{i\pi/3} | \frac{1}{2}+\frac{\sqrt{3}}{2}i
# e^{i\pi/3} | \frac{\sqrt{3}}{2}+\frac{1}{2}i
= 3+4i | 4i+3
= (1+i)^2 | 2i
= i^2 | -1
= \frac{1}{i} | -i
= \frac{1+i}{1-i} | i
= 2-3i | 2 - 3 i
= \sqrt{-4} | 2i
= -i\sqrt{3} | -\sqrt{3}i
# 3+4i | 3-4i
# 3+4i | 4+3i
# 2i | 2
# 5 | 3+4i
lists
= 1,2 | 1, 2
= 1, 2 | 2, 1
= -2,1 | 1, -2
= 1, 2, 3 | 1, 2 \text{ and } 3
= 1,2,3 | \{1,2,3\}
= 12\text{ and }13 | 12, 13
= 1 \text{ or } 2 | 1, 2
= 19, 46, \text{ and } 82 | 19, 46, and 82
= \frac12, \frac13 | 0.5, 1/3
= x=1, x=2 | 1, 2
= x = 1 \text{ or } x = 2 | x=2, x=1
= x=1,2 | 1,2
= 1;2 | 1, 2
= \sqrt2, -\sqrt2 | \pm\sqrt2
= x=3,\ y=4 | y=4, x=3
= 3 and 5 | 5 and 3
= 3.75 | 3,75
= 0.125 | 0,125
# 1,2 | 1,3
# 1,2 | 1
# 1,2 | 1,2,3
# 2,3,4 | 1,2,3
# 19, 46, \text{ and } 82 | 21, 36, and 82
# 1,2 | 3
# x=1, y=2 | x=2, y=1
# 1, 2 | 12
tuples
= (1,2) | (1, 2)
= (1,2) | \left(1,2\right)
= (1,2) | 1,2
= (3,\frac{\pi}{2}) | \left(3, \frac{\pi}{2}\right)
= (6,31,-1) | (6, 31, -1)
= (1,\frac92) | (1,4.5)
= (0.5, 1) | \left(\frac{1}{2}, 1\right)
= (x,y)=(1,2) | (1,2)
= (\sqrt2,1) | (\sqrt{2}, 1)
= (1,2),(3,4) | (3,4),(1,2)
= (1,2,3) | \langle 1,2,3\rangle
= (2,-3) | \bigl(2,-3\bigr)
= (a,b,c) | (a, b, c)
= (7,6) | (7, 6).
# (1,2) | (2,1)
# (2,1) | (3,1)
# (5,3) | (9,2)
# (1,2) | (1,2,3)
# (1,2) | (1,3)
# (1,2) | 3
# (6,31,-1) | (6,31,1)
# (1,2),(3,4) | (1,2),(3,5)
# (-3,-4) | (-4,-3)
sets
= \{1,2\} | \{2,1\}
= \{1,2\} | \left\{1,2\right\}
= \{1,2,2\} | \{1,2\}
= \{\frac12\} | \{0.5\}
= \{5\} | 5
= \{1\pm\sqrt{5},-2\} | \{-2,1+\sqrt5,1-\sqrt5\}
= \{-1\}\cup[0,7) | [0,7)\cup\{-1\}
= \{\} | \emptyset
= \{a,b\} | \{b, a\}
= \{(1,2)\} | (1,2)
# \{1,2\} | \{1,3\}
# \{1,2\} | \{1\}
# \{1,2\} | \{1,2,3\}
# \emptyset | \{0\}
# \{1,2\} | 3
intervals
= \{3\}\cup\{4\} | \{3,4\}
= [0,2]\cup[2,5] | [0,5]
# [0,2]\cup[3,5] | [0,5]
= [0,1) | [0, 1)
= [0,1) | \left[0,1\right)
= (-\infty,3] | (-\infty, 3]
= (0,\infty) | (0,+\infty)
= (-\infty,2)\cup(3,\infty) | (3,\infty)\cup(-\infty,2)
= \left(\frac35,\frac83\right] | (0.6, 8/3]
= [-1,-\frac12)\cup(0,1)\cup(1,\infty) | [-1,-\tfrac12)\cup(0,1)\cup(1,\infty)
= x\in[0,1) | [0,1)
= [0,1) | x \in [0,1)
= (-\infty,\infty) | \mathbb{R}
= \text{all real numbers} | (-\infty,\infty)
= [-3,2] | \lbrack -3,2\rbrack
# [0,1) | (0,1)
# [0,9) | [0,1)
# (0,9) | [0,9)
# [0,1] | [0,1)
# 1 | [0,1)
# (-\infty,3) | (3,\infty)
# (-\infty,2)\cup(3,\infty) | (2,3)
# (0,1) | (0,1.5)
# [-3,2] | (-\infty,-3]\cup[2,\infty)
inequalities
= x>5 | > 5
# 5 | > 5
# 5 | \geq 5
# 5 | \neq 5
# 2<x<3 | 2,3
# 2<x<3 | \{2,3\}
= x>5 | 5<x
= x\geq5 | x >= 5
= x\ge 5 | 5\le x
= x<1 | -x>-1
= 2x<6 | x<3
= -2\le x<3 | [-2,3)
= [-2,3) | -2\le x<3
= x>5 | (5,\infty)
= (5,\infty) | x>5
= x\le 2 | (-\infty,2]
= x \neq 3 | x\ne 3
= x \neq 3 | (-\infty,3)\cup(3,\infty)
= (-\infty,3)\cup(3,\infty) | \{x \mid x \ne 3\}
= \{x : x > 7\} | (7,\infty)
= x<1 \text{ or } x>2 | (-\infty,1)\cup(2,\infty)
= 1<x<2 | 2>x>1
= -\frac12<x | x>-0.5
= f(2)<f(1)<f(4) | f(2) < f(1) < f(4)
# x>5 | x<5
# x>5 | x\ge5
# x<1 | x>-1
# -2\le x<3 | -2<x<3
# x>5 | x>6
# x>5 | 5
# 1<x<2 | 1<x<3
# x<1 \text{ or } x>2 | (1,2)
# x \neq 3 | x=3
equations
= f(x)=2x+1 | y=2x+1
# x+y=2 | 2
= 5 | x=5
= x=5 | 5
= x=5 | x = 5
= x=11 | x=5+6=11
= y=2x+3 | y = 3+2x
= y=2x+3 | 2x+3
= y=x^2 | y=x\cdot x
= 34x+45y-20z+100=0 | -34x-45y+20z-100=0
= 2x+4y-3=0 | y=-\frac12x+\frac34
= x^2/4+y^2/3=1 | \frac{x^2}{16}+\frac{y^2}{12}=\frac14
= 2x-y=3 | y=2x-3
= f(x)=x^2+1 | f(x)=1+x^2
= (x-1)^2+(y+2)^2=9 | (x-1)^2+(y+2)^2=3^2
= \frac{\sqrt3}{3} | \frac{\sqrt3}{3}\approx0.577
= x=\frac13\approx0.33 | \frac13
= r=5 | 5
= 7 | x\approx 7
= P(A)=\frac13 | \frac13
= m\angle A = 30 | 30
# x=5 | x=6
# x=5 | y=5
# y=2x+3 | y=2x-3
# y=2x+3 | y=3x+2
# 2x+4y-3=0 | 2x+4y+3=0
# 3x-y+13=0 | 3x+4y+14=0
# x^2+y^2=1 | x^2+y^2=4
# n=2, 3, 4 | n=1, 2, 3
plus-minus
= \pm(1+\sqrt2) | 1+\sqrt2, -1-\sqrt2
# \pm(1+\sqrt2) | 1+\sqrt2, 1-\sqrt2
= 1\pm\sqrt{19} | 1+\sqrt{19}, 1-\sqrt{19}
= 3\pm2\sqrt2 | 3\pm 2 \sqrt{2}
= \pm2021 | -2021, 2021
= \pm 2 | 2,-2
= \frac{-1\pm\sqrt{5}}{2} | \frac{-1+\sqrt5}{2},\frac{-1-\sqrt5}{2}
= x=\pm 3 | \pm3
= \pm i | i, -i
# \pm2021 | 2021
# 1\pm\sqrt{19} | 1+\sqrt{19}
# \pm2 | \pm3
# 1\pm\sqrt2 | -1\pm\sqrt2
infinity
= \infty | +\infty
= \infty | infinity
= \infty | ∞
= -\infty | -∞
# \infty | -\infty
# \infty | 0
# 5 | \infty
matrices
= \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
= \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{bmatrix}1&2\\3&4\end{bmatrix}
= \begin{pmatrix}1\\2\end{pmatrix} | \begin{bmatrix}1\\2\end{bmatrix}
= \begin{pmatrix}\frac12&0\\0&1\end{pmatrix} | \begin{pmatrix}0.5&0\\0&1\end{pmatrix}
= \begin{pmatrix}1&2\\3&4\end{pmatrix} | \left[\begin{array}{cc}1 & 2 \\3 & 4\end{array}\right]
= \begin{pmatrix}0&3\\0&-1\end{pmatrix} | \left(\begin{matrix}0&3\\0&-1\end{matrix}\right)
# \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&2\\3&5\end{pmatrix}
# \begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&3\\2&4\end{pmatrix}
# \begin{pmatrix}1\\2\end{pmatrix} | \begin{pmatrix}1&2\end{pmatrix}
# \begin{pmatrix}1&2\end{pmatrix} | \begin{pmatrix}1&2&3\end{pmatrix}
bases
= 204_5 | 204_{5}
= 101_2 | 101_{\text{two}}
= 1A_{16} | 1A_{16}
# 204_5 | 205_5
# 204_5 | 204_6
# 101_2 | 110_2
# 101_2 | 12_3
ratios and times
= 4:00\text{ PM} | 4:00 p.m.
= 3:2 | 3 : 2
= 12:30 | 12:30
= 3:30\text{ p.m.} | 3:30 PM
= 1:2:3 | 1 : 2 : 3
# 3:2 | 2:3
# 12:00 | 1:00
# 3:30\text{ p.m.} | 3:30\text{ a.m.}
# 1:2:3 | 1:3:2
sums and integrals
= \int_0^1 x\,dx | \frac12
= \sum_{k=1}^{4} k | 10
= \frac{x^2}{2}+C | \frac{1}{2}x^2+C
= \lfloor 3.7\rfloor | 3
# \int_0^1 x\,dx | 1
# \frac{x^2}{2}+C | x^2+C
spelling
= 3 | \displaystyle 3
= \frac{3}{4} | \displaystyle\frac{3}{4}
= x+1 | x\,+\,1
= 2\cdot 3 | 6
= 2 \times 3 | 2*3
= 6\div 2 | 3
= \mathrm{cm} | \text{cm}
= 2\,\mathrm{cm} | 2
= x^2 | x^{2}
= x^{10} | x ^ {10}
= \theta | \theta
= α | \alpha
= x² | x^2
= a\le b | a \leq b
"""


DIFFERENCES = r"""
punctuation after an answer keeps it from being read
= 12 | 12.
= C | C.
= \text{even} | even.
= (7,6) | (7, 6).
signs of unicode are not known
= \frac{1}{2} | ½
= \frac{3}{4} | ¾
= 7/2 | 3½
= 20 | £20
= 20 | 20€
= 90^\circ | 90°
= 2\sqrt{3} | √12
= \infty | ∞
= -\infty | -∞
= x² | x^2
groups of digits are multiplied
= 56,\!01,\!78,\!760 | 560178760
= 2500000 | 2\,500\,000
= 10000 | 10 000
numbers that differ by little are equal once they are rounded
# 0.00000012 | 0.00000013
# \frac{1}{2004!} | \frac{1}{2006!}
# \frac{1}{2^{99}} | \frac{1}{2^{98}}
# \frac{2^{2005}+1}{3\cdot2^{2006}} | \frac{1}{3\cdot2^{2006}}
the whole part of a mixed number in plain text is lost
= 5/2 | 2 1/2
= 3 1/3 | 10/3
a mixed number in percent is not compared with a decimal
= 12\frac{1}{2}\% | 12.5\%
the number of a percentage counts where it is an integer only
= 28.5\% | 28.5
units are dropped unread: different ones are the same, and scaled ones are not
# 4 m | 4 cm
# 4\text{ cm} | 4 m
= 4 m | 400 cm
= 4 m^2 | 40000\text{ cm}^2
# 7\% | \$7
# 7\% | 7^\circ
= 2\text{ t} | 2000\text{ kg}
= 3\text{ kN} | 3000\text{ N}
# 3\text{ N} | 3\text{ J}
# 3\text{ mW} | 3\text{ MW}
# 3\text{ kHz} | 3\text{ Hz}
# 4\text{ m/s} | 4\text{ m/s}^2
# 4\text{ m}^2 | 4\text{ m}^3
# 6t | 6
# 6 | 6t
= 4:00\text{ PM} | 4:00 p.m.
= 50\text{ cents} | \$0.50
= 3\text{ hours} | 180\text{ minutes}
= 1\text{ km} | 1000\text{ m}
= 2.5\text{ m} | 250\text{ cm}
= 72\text{ km/h} | 20\text{ m/s}
= 2\text{ dozen} | 24
# \$5 | 5\text{ cents}
# 5\text{ cm} | 5\text{ m}
# 5\text{ kg} | 5\text{ g}
# 3\text{ hours} | 3\text{ minutes}
# 5\text{ miles} | 5\text{ km}
# 30^\circ\text{C} | 30^\circ\text{F}
# 3:30\text{ p.m.} | 3:30\text{ a.m.}
= 3:30\text{ p.m.} | 3:30 PM
scale words and angle signs are letters
= 1.5 million | 1500000
= 120^\circ | \angle 120^\circ
the text of an option is read, and its letter is not
= C | C. x = 42
= B | (B) 17
= A | \textbf{(A)}\ 5
several options written together are a product
= A, C, D | ACD
= BD | B, D
a decimal comma in LaTeX makes a list
= 3.75 | 3,75
words are products of letters, in any order, and have no synonyms
= \text{no real solutions} | \text{no solution}
# tea | eat
# won | now
# east | seat
# east | eats
= 7 | seven
= \text{no solutions} | no solution
= \text{does not exist} | DNE
= \text{all real numbers} | (-\infty,\infty)
= \emptyset | \varnothing
the real root of a negative number is taken for a complex one
= \sqrt[3]{-27} | -3
commands without their backslash or braces are not read
= 4\sqrt{2} | 4\sqrt(2)
= 25\pi | 25 pi
angle brackets and large brackets are not read
= (1,2,3) | \langle 1,2,3\rangle
= (2,-3) | \bigl(2,-3\bigr)
e in a number is Euler's
= 120000 | 1.2e5
= 6.02\times10^{23} | 6.02e23
a bar over digits is not a period
= \frac{1}{3} | 0.\overline{3}
= 0.\overline{27} | \frac{3}{11}
= 0.1\overline{6} | \frac{1}{6}
= 0.\overline{142857} | 1/7
= 1.\overline{2} | \frac{11}{9}
= 0.\overline{9} | 1
degrees under a function are radians
= \sin 30^\circ | \frac12
= \tan 45^\circ | 1
i is a letter, and sometimes a real one
= e^{i\pi} | -1
= e^{i\pi/3} | \frac{1}{2}+\frac{\sqrt{3}}{2}i
= (1+i)^2 | 2i
= i^2 | -1
= \frac{1}{i} | -i
= \frac{1+i}{1-i} | i
= 2-3i | 2 - 3 i
= \sqrt{-4} | 2i
a set of one pair is not the pair
= \{(1,2)\} | (1,2)
an inequality is not solved, turned round in a chain, or taken for its interval
# 2<x<3 | 2,3
# 2<x<3 | \{2,3\}
= 2x<6 | x<3
= [-2,3) | -2\le x<3
= (5,\infty) | x>5
= 1<x<2 | 2>x>1
= x<1 \text{ or } x>2 | (-\infty,1)\cup(2,\infty)
a set by its condition is not read
= (-\infty,3)\cup(3,\infty) | \{x \mid x \ne 3\}
= \{x : x > 7\} | (7,\infty)
plus-minus in a fraction is not read
= \frac{-1\pm\sqrt{5}}{2} | \frac{-1+\sqrt5}{2},\frac{-1-\sqrt5}{2}
the base of a numeral is dropped
= 101_2 | 101_{\text{two}}
# 204_5 | 204_6
a ratio of three is divided through
# 1:2:3 | 1:3:2
a thousands separator in brackets makes a pair
= (1,000) | 1000
# (1,000) | (1,0)
# (1, 0) | (1,000)
a prime or a script letter is dropped or not read
= B | \mathcal{B}
# E | E'
# f'(x) | f(x)
a relation without a left side is its number
= x>5 | > 5
# 5 | > 5
# 5 | \geq 5
# 5 | \neq 5
the name of a function counts, and an equation is its right side
= f(x)=2x+1 | y=2x+1
# x+y=2 | 2
"""
"""Where math-verify 0.9 is known to be wrong: a reason, then the pairs of `TABLE` it explains."""


def pairs(table: str = TABLE) -> list[tuple[str, str, str, bool]]:
    """(category, gold, predicted, equal) of every line."""
    category, found = "", []
    for line in table.strip().splitlines():
        if line[:2] not in ("= ", "# "):
            category = line
            continue
        gold, predicted = line[2:].split(" | ")
        found.append((category, gold, predicted, line[0] == "="))
    return found
